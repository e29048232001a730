import { createApp } from 'vue';
import { createTokens } from 'evertoken/vue';
import '../../style.css';
import App from './App.vue';
import { auth } from './session.js';

createApp(App).use(createTokens(auth)).mount('#root');
