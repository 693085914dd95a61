import './components.css';
import './app.css';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Router } from 'wouter';
import { onEnded } from './api/client';
import { retryDelay, worthRetrying } from './api/problem';
import { session } from './api/questions';
import { App } from './app/App';
import { askEarly } from './overview/early';
import { theme } from './theme';

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
setNonce(nonce);

const queries = new QueryClient({
  defaultOptions: { queries: { retry: worthRetrying, retryDelay, staleTime: 1_000, networkMode: 'always' } },
});
// A session that has ended is noticed by whatever is asked next.
onEnded(() => {
  if (queries.getQueryData(session.queryKey)) void queries.resetQueries({ queryKey: session.queryKey });
});
const home = new URL(document.baseURI).pathname.replace(/\/$/, '');
const ready = askEarly(queries, home);

// The scheme is set before anything is drawn: set afterwards, as MantineProvider
// does, a dark page begins as a light one.
const schemes = localStorageColorSchemeManager();
const chosen = schemes.get('auto');
const dark = chosen === 'dark' || (chosen === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
document.documentElement.dataset.mantineColorScheme = dark ? 'dark' : 'light';

// A page of an earlier version is gone once the twin is upgraded: the new one is loaded,
// but not again and again where that does not help.
window.addEventListener('vite:preloadError', (event) => {
  const last = Number(sessionStorage.getItem('reloaded') ?? 0);
  if (Date.now() - last < 30_000) return;
  event.preventDefault();
  sessionStorage.setItem('reloaded', String(Date.now()));
  location.reload();
});

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto" colorSchemeManager={schemes} getStyleNonce={() => nonce}>
        <QueryClientProvider client={queries}>
          <Router base={home}>
            <App ready={ready} />
          </Router>
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
