import bcrypt from 'bcryptjs';
import { Role, User } from './models/index.js';

export async function seed({ username, email, password }) {
  if (await User.findOne({ where: { username } })) return;
  await Role.bulkCreate(['user', 'moderator', 'admin'].map((name, index) => ({ id: index + 1, name })));
  const user = await User.create({ username, email, password: await bcrypt.hash(password, 8) });
  await user.setRoles([1]);
}
