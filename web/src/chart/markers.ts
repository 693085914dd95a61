/** Marker is something at a time of a chart that can be opened. */
export interface Marker {
  id: string;
  at: number; // seconds since 1970
  label: string;
}

/** Cluster are markers too close to one another to be clicked on one by one. */
export interface Cluster {
  left: number;
  markers: Marker[];
}

/** Placed is a cluster where a chart shows it, in pixels from its left and its bottom. */
export interface Placed extends Cluster {
  bottom: number;
}

/** clusters places markers along a width; ones that lie outside are left out. */
export function clusters(markers: Marker[], position: (at: number) => number, width: number, apart: number): Cluster[] {
  const placed = markers
    .map((marker) => ({ marker, left: position(marker.at) }))
    .filter(({ left }) => left >= 0 && left <= width)
    .sort((a, b) => a.left - b.left);
  const out: Cluster[] = [];
  for (const { marker, left } of placed) {
    const last = out.at(-1);
    if (last && left - last.left < apart) last.markers.push(marker);
    else out.push({ left, markers: [marker] });
  }
  return out;
}
