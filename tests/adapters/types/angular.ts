import { provideHttpClient, withInterceptors } from '@angular/common/http';
import type { HttpInterceptorFn } from '@angular/common/http';
import type { TokenManager } from 'evertoken';
import { tokenInterceptor } from 'evertoken/angular';

declare const auth: TokenManager<{ sub: string }>;

const interceptor: HttpInterceptorFn = tokenInterceptor(auth);
export const providers = provideHttpClient(withInterceptors([interceptor]));
