import type React from 'react';
import 'swagger-ui-dist/swagger-ui.css';
import './docs.css';
// @ts-expect-error the package has no types
import SwaggerUIBundle from 'swagger-ui-dist/swagger-ui-es-bundle.js';

interface System {
  React: typeof React;
}

// What the library leaves open for people who use a keyboard or a screen reader: a
// link inside of a button, and a choice without a name.
const accessible = ({ React: { createElement } }: System) => ({
  components: { DeepLink: ({ text }: { text: React.ReactNode }) => createElement('span', null, text) },
  wrapComponents: {
    Servers: (Original: React.ComponentType) => (props: object) =>
      createElement(
        'div',
        { ref: (el: HTMLElement | null) => el?.querySelector('select')?.setAttribute('aria-label', 'Server') },
        createElement(Original, props),
      ),
  },
});

SwaggerUIBundle({
  url: new URL('../openapi.json', document.baseURI).href,
  dom_id: '#swagger-ui',
  plugins: [accessible],
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  syntaxHighlight: { theme: 'obsidian' },
  defaultModelsExpandDepth: 0,
  validatorUrl: null, // no address outside this server is ever asked
});

const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();
