import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  // Evertoken is a link to the checkout here, and has no React of its own.
  resolve: { dedupe: ['react'] },
  server: { proxy: { '/api': 'http://127.0.0.1:8787', '/panel': 'http://127.0.0.1:8787' } },
});
