import { randomUUID } from 'node:crypto';
import { DataTypes, Sequelize } from 'sequelize';
import { auth, database } from '../config.js';

export const sequelize = new Sequelize(database, { logging: false });

export const User = sequelize.define('user', {
  username: { type: DataTypes.STRING, unique: true, allowNull: false },
  email: { type: DataTypes.STRING, unique: true, allowNull: false },
  password: { type: DataTypes.STRING, allowNull: false },
});

export const Role = sequelize.define('role', {
  id: { type: DataTypes.INTEGER, primaryKey: true },
  name: { type: DataTypes.STRING, allowNull: false },
});

export const RefreshToken = sequelize.define('refreshToken', {
  token: { type: DataTypes.STRING, unique: true, allowNull: false },
  expiryDate: { type: DataTypes.DATE, allowNull: false },
});

User.belongsToMany(Role, { through: 'user_roles' });
Role.belongsToMany(User, { through: 'user_roles' });
RefreshToken.belongsTo(User);
User.hasMany(RefreshToken);

RefreshToken.createToken = async (user) => {
  const { token } = await RefreshToken.create({
    token: randomUUID(),
    userId: user.id,
    expiryDate: new Date(Date.now() + auth.jwtRefreshExpiration * 1000),
  });
  return token;
};

RefreshToken.hasExpired = (refreshToken) => refreshToken.expiryDate.getTime() < Date.now();
