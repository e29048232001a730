import { createApp } from 'vue';
import { createTokens } from 'evertoken/vue';
import '../../style.css';
import App from './App.vue';
import { auth } from './session.js';

createApp(App).use(createTokens(auth)).mount('#root');
// A refresh cookie may be there, and only the server knows: asks until it answers.
auth.restore().catch(() => {});
