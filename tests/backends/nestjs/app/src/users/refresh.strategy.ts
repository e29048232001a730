import { BadRequestException, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { Strategy } from 'passport-jwt';
import { JWT_SECRET, accessTokenOfCookie } from './jwt.strategy.js';
import type { AuthCookie, CurrentUser } from './user.entity.js';
import { UsersService } from './users.service.js';

/** Takes the expired access token for the user's name and the refresh token as the proof. */
@Injectable()
export class RefreshStrategy extends PassportStrategy(Strategy, 'refresh') {
  constructor(private readonly users: UsersService) {
    super({
      ignoreExpiration: true,
      passReqToCallback: true,
      secretOrKey: JWT_SECRET,
      jwtFromRequest: accessTokenOfCookie,
    });
  }

  async validate(request: Request, payload: CurrentUser) {
    const { refreshToken }: AuthCookie = request.cookies['auth-cookie'];
    if (!refreshToken) throw new BadRequestException('invalid refresh token');
    const user = await this.users.validRefreshToken(payload.email, refreshToken);
    if (!user) throw new BadRequestException('token expired');
    return user;
  }
}
