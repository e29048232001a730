import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity()
export class User {
  @PrimaryGeneratedColumn()
  userId: number;

  @Column()
  name: string;

  @Column({ unique: true })
  email: string;

  @Column()
  password: string;

  /** One a user, not one a session: signing in elsewhere ends the session here. */
  @Column({ type: 'varchar', nullable: true })
  refreshToken: string | null;

  @Column({ type: 'datetime', nullable: true })
  refreshTokenExpires: Date | null;
}

/** What a request's user is, and what the access token says. */
export interface CurrentUser {
  userId: number;
  name: string;
  email: string;
}

/** The value of the cookie 'auth-cookie'. */
export interface AuthCookie {
  token?: string;
  refreshToken?: string;
}
