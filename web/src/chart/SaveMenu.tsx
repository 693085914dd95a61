import { ActionIcon, Menu } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';

/** SaveMenu keeps what a chart shows as a picture or a table. */
export function SaveMenu({ what, picture, table }: { what: string; picture: () => void; table: () => void }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label={`Save the chart of ${what}`}>
          <IconDownload size={16} stroke={1.7} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={picture}>Picture (PNG)</Menu.Item>
        <Menu.Item onClick={table}>What is drawn (CSV)</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
