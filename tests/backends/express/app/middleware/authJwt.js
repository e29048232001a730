import jwt from 'jsonwebtoken';
import { auth } from '../config.js';
import { User } from '../models/index.js';

export function verifyToken(req, res, next) {
  const token = req.headers['x-access-token'];
  if (!token) return res.status(403).send({ message: 'No token provided!' });

  jwt.verify(token, auth.secret, (error, decoded) => {
    if (error instanceof jwt.TokenExpiredError) {
      return res.status(401).send({ message: 'Unauthorized! Access Token was expired!' });
    }
    if (error) return res.sendStatus(401);
    req.userId = decoded.id;
    next();
  });
}

export const requireRole = (name) => async (req, res, next) => {
  const user = await User.findByPk(req.userId);
  const roles = user ? await user.getRoles() : [];
  if (roles.some((role) => role.name === name)) return next();
  res.status(403).send({ message: `Require ${name[0].toUpperCase()}${name.slice(1)} Role!` });
};
