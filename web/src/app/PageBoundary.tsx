import { Alert, Button, Stack, Text } from '@mantine/core';
import { Component, type ErrorInfo, type ReactNode } from 'react';

interface Props {
  /** What failed at one place has no effect on the next. */
  place: string;
  children: ReactNode;
}

/** PageBoundary keeps a fault of one page from taking the others with it. */
export class PageBoundary extends Component<Props, { failed: string | null }> {
  override state = { failed: null };

  static getDerivedStateFromError(error: unknown) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }

  override componentDidCatch(error: unknown, info: ErrorInfo) {
    console.error(error, info.componentStack);
  }

  override componentDidUpdate(before: Props) {
    if (before.place !== this.props.place && this.state.failed !== null) this.setState({ failed: null });
  }

  override render() {
    if (this.state.failed === null) return this.props.children;
    return (
      <Alert color="red" variant="light" title="This page has failed" role="alert">
        <Stack gap="xs" align="flex-start">
          <Text size="sm">The twin itself is not affected; the other pages work. What went wrong: {this.state.failed}</Text>
          <Button size="xs" variant="default" onClick={() => this.setState({ failed: null })}>
            Show the page again
          </Button>
        </Stack>
      </Alert>
    );
  }
}
