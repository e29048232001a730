import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { TokenProvider } from 'evertoken/react';
import '../../style.css';
import { App } from './App.jsx';
import { auth } from './session.js';

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <TokenProvider manager={auth}>
      <App />
    </TokenProvider>
  </StrictMode>,
);
// A refresh cookie may be there, and only the server knows: asks until it answers.
auth.restore().catch(() => {});
