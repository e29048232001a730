import bcrypt from 'bcryptjs';
import jwt from 'jsonwebtoken';
import { auth } from '../config.js';
import { RefreshToken, User } from '../models/index.js';

const issueAccessToken = (id) => jwt.sign({ id }, auth.secret, { expiresIn: auth.jwtExpiration });

export async function signin(req, res) {
  const { username, password } = req.body ?? {};
  const user = await User.findOne({ where: { username: username ?? '' } });
  if (!user) return res.status(404).send({ message: 'User Not found.' });

  if (!(await bcrypt.compare(password ?? '', user.password))) {
    return res.status(401).send({ accessToken: null, message: 'Invalid Password!' });
  }

  const roles = await user.getRoles();
  res.status(200).send({
    id: user.id,
    username: user.username,
    email: user.email,
    roles: roles.map((role) => `ROLE_${role.name.toUpperCase()}`),
    accessToken: issueAccessToken(user.id),
    refreshToken: await RefreshToken.createToken(user),
  });
}

export async function refreshToken(req, res) {
  const { refreshToken: requestToken } = req.body ?? {};
  if (requestToken == null) return res.status(403).json({ message: 'Refresh Token is required!' });

  const found = await RefreshToken.findOne({ where: { token: requestToken } });
  if (!found) return res.status(403).json({ message: 'Refresh token is not in database!' });

  if (RefreshToken.hasExpired(found)) {
    await found.destroy();
    return res.status(403).json({ message: 'Refresh token was expired. Please make a new signin request' });
  }

  res.status(200).json({ accessToken: issueAccessToken(found.userId), refreshToken: found.token });
}

/** The route that the document leaves out: it ends the refresh token on the server too. */
export async function signout(req, res) {
  await RefreshToken.destroy({ where: { token: req.body?.refreshToken ?? '' } });
  res.status(200).json({ message: 'Signed out.' });
}
