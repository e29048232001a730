import cors from 'cors';
import express from 'express';
import { cors as corsOptions } from './config.js';
import * as auth from './controllers/auth.controller.js';
import { requireRole, verifyToken } from './middleware/authJwt.js';
import { sequelize } from './models/index.js';
import { seed } from './seed.js';

const app = express();

app.use(cors(corsOptions));
app.use(express.json());
app.use(express.urlencoded({ extended: true }));
app.use((req, res, next) => {
  // The preflight's answer is the cors package's; this line only shows on the others.
  res.header('Access-Control-Allow-Headers', 'x-access-token, Origin, Content-Type, Accept');
  next();
});

app.post('/api/auth/signin', auth.signin);
app.post('/api/auth/refreshtoken', auth.refreshToken);
if (process.env.SIGNOUT === 'true') app.post('/api/auth/signout', auth.signout);

app.get('/api/test/all', (req, res) => res.status(200).send('Public Content.'));
app.get('/api/test/user', verifyToken, (req, res) => res.status(200).send('User Content.'));
app.get('/api/test/admin', verifyToken, requireRole('admin'), (req, res) => res.status(200).send('Admin Content.'));

await sequelize.sync();
await seed(JSON.parse(process.env.SEED_USER));
app.listen(Number(process.env.PORT), '127.0.0.1');
