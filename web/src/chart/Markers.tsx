import { Menu } from '@mantine/core';
import type { Placed } from './markers';
import classes from './TimeChart.module.css';

/** Markers are the decisions along the time of a chart; each opens. */
export function Markers({ clusters, open }: { clusters: Placed[]; open: (id: string) => void }) {
  return clusters.map(({ left, bottom, markers }) => {
    const [first] = markers;
    if (!first) return null;
    if (markers.length === 1) {
      return <button key={first.id} type="button" className={classes.marker} style={{ left, bottom }} aria-label={first.label} title={first.label} onClick={() => open(first.id)} />;
    }
    return (
      <Menu key={first.id} position="top">
        <Menu.Target>
          <button type="button" className={classes.marker} data-count={markers.length} style={{ left, bottom }} aria-label={`${markers.length} decisions`} title={`${markers.length} decisions`} />
        </Menu.Target>
        <Menu.Dropdown className={classes.cluster}>
          {markers.map((m) => (
            <Menu.Item key={m.id} onClick={() => open(m.id)}>
              {m.label}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    );
  });
}
