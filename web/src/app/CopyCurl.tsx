import { ActionIcon, CopyButton, Tooltip } from '@mantine/core';
import { IconCheck, IconTerminal2 } from '@tabler/icons-react';
import { curlOf } from './curl';

/** CopyCurl copies the command that asks the API for what is shown. */
export function CopyCurl({ of, source }: { of: string; source: string }) {
  return (
    <CopyButton value={curlOf(source)}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : 'Copy as curl'}>
          <ActionIcon variant="subtle" color="gray" size="md" aria-label={`Copy ${of} as curl`} onClick={copy}>
            {copied ? <IconCheck size={17} stroke={1.7} /> : <IconTerminal2 size={17} stroke={1.7} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}
