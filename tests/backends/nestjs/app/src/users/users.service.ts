import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { InjectRepository } from '@nestjs/typeorm';
import bcrypt from 'bcryptjs';
import { MoreThan, Repository } from 'typeorm';
import { User, type AuthCookie, type CurrentUser } from './user.entity.js';

const REFRESH_SECONDS = Number(process.env.REFRESH_SECONDS);

const currentUser = ({ userId, name, email }: User): CurrentUser => ({ userId, name, email });

@Injectable()
export class UsersService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly jwt: JwtService,
  ) {}

  async seed(account: { username: string; email: string; password: string } | null) {
    if (!account || (await this.users.existsBy({ email: account.email }))) return;
    const password = await bcrypt.hash(account.password, 8);
    await this.users.save({ name: account.username, email: account.email, password });
  }

  async validCredentials(email: string, password: string): Promise<CurrentUser | null> {
    const user = await this.users.findOneBy({ email });
    return user && (await bcrypt.compare(password, user.password)) ? currentUser(user) : null;
  }

  async validRefreshToken(email: string, refreshToken: string): Promise<CurrentUser | null> {
    const user = await this.users.findOneBy({ email, refreshToken, refreshTokenExpires: MoreThan(new Date()) });
    return user && currentUser(user);
  }

  /** Issues both tokens; the refresh token replaces the user's last one. */
  async issueTokens(user: CurrentUser): Promise<Required<AuthCookie>> {
    const token = await this.jwt.signAsync({ ...user });
    const refreshToken = randomBytes(8).toString('hex');
    const refreshTokenExpires = new Date(Date.now() + REFRESH_SECONDS * 1000);
    await this.users.update(user.userId, { refreshToken, refreshTokenExpires });
    return { token, refreshToken };
  }

  async forgetRefreshToken(refreshToken: string) {
    await this.users.update({ refreshToken }, { refreshToken: null, refreshTokenExpires: null });
  }
}
