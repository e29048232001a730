import { provideHttpClient, withInterceptors } from '@angular/common/http';
import type { HttpInterceptorFn } from '@angular/common/http';
import type { Signal } from '@angular/core';
import type { SessionEnd, TokenManager } from 'evertoken';
import { sessionEndSignal, tokenInterceptor } from 'evertoken/angular';

declare const auth: TokenManager<{ sub: string }>;

const interceptor: HttpInterceptorFn = tokenInterceptor(auth);
export const providers = provideHttpClient(withInterceptors([interceptor]));

export const end = (): Signal<SessionEnd> => sessionEndSignal(auth);
