import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { CurrentUser } from './user.entity.js';

export const JWT_SECRET = process.env.JWT_SECRET ?? '';

export const accessTokenOfCookie = ExtractJwt.fromExtractors([
  (request: Request) => request.cookies['auth-cookie']?.token ?? null,
]);

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor() {
    super({ ignoreExpiration: false, secretOrKey: JWT_SECRET, jwtFromRequest: accessTokenOfCookie });
  }

  validate(payload: CurrentUser) {
    return payload;
  }
}
