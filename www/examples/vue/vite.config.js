import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [vue()],
  // Evertoken is a link to the checkout here, and has no Vue of its own.
  resolve: { dedupe: ['vue'] },
  server: { proxy: { '/api': 'http://127.0.0.1:8787', '/panel': 'http://127.0.0.1:8787' } },
});
