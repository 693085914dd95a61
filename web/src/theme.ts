import { createTheme, type MantineColorsTuple } from '@mantine/core';

// One green for what can be acted on. Everything else is ink on paper.
const pine: MantineColorsTuple = [
  '#e9f6f1', '#d3ebe1', '#a5d7c4', '#74c3a5', '#4eb28b', '#35a77a', '#1f8f66', '#0f7a57', '#0b6b4f', '#08543e',
];

// Greys of the dark mode with a trace of the green, as the light ones have.
const dark: MantineColorsTuple = [
  '#dfe7e3', '#c3cec8', '#9fafa7', '#84948b', '#3a4640', '#2a342f', '#1d2521', '#0f1412', '#0c100e', '#090c0b',
];

export const theme = createTheme({
  primaryColor: 'pine',
  primaryShade: { light: 8, dark: 7 },
  colors: { pine, dark },
  fontFamily: '"Inter Variable", system-ui, -apple-system, "Segoe UI", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, monospace',
  headings: { fontWeight: '620' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  focusRing: 'auto',
  autoContrast: true,
});
