import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import cookieParser from 'cookie-parser';
import { AppModule } from './app.module.js';
import { UsersService } from './users/users.service.js';

const { env } = process;
const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.use(cookieParser());
app.enableCors({
  origin: env.CORS_ORIGIN?.split(','),
  // The tokens live in a cookie: without credentials no page on another origin can use them.
  credentials: env.CORS_CREDENTIALS !== 'false',
});
await app.get(UsersService).seed(JSON.parse(env.SEED_USER ?? 'null'));
await app.listen(Number(env.PORT), '127.0.0.1');
