import { Controller, Get, NotFoundException, Post, Req, Res, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { Request, Response } from 'express';
import type { CurrentUser } from './user.entity.js';
import { UsersService } from './users.service.js';

const SUCCESS = { msg: 'success' };

@Controller('users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Post('login')
  @UseGuards(AuthGuard('local'))
  login(@Req() request: Request, @Res({ passthrough: true }) response: Response) {
    return this.setTokens(request, response);
  }

  @Get('refresh-tokens')
  @UseGuards(AuthGuard('refresh'))
  refresh(@Req() request: Request, @Res({ passthrough: true }) response: Response) {
    return this.setTokens(request, response);
  }

  @Get('fav-movies')
  @UseGuards(AuthGuard('jwt'))
  movies() {
    return ['Avatar', 'Avengers'];
  }

  /** The route that the document leaves out. Only the server can end an HttpOnly cookie. */
  @Post('logout')
  async logout(@Req() request: Request, @Res({ passthrough: true }) response: Response) {
    if (process.env.LOGOUT_ROUTE !== 'true') throw new NotFoundException('Cannot POST /users/logout');
    const refreshToken = request.cookies['auth-cookie']?.refreshToken;
    if (typeof refreshToken === 'string') await this.users.forgetRefreshToken(refreshToken);
    response.clearCookie('auth-cookie', { httpOnly: true });
    return SUCCESS;
  }

  private async setTokens(request: Request, response: Response) {
    const tokens = await this.users.issueTokens(request.user as CurrentUser);
    response.cookie('auth-cookie', tokens, { httpOnly: true });
    return SUCCESS;
  }
}
