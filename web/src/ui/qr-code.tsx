/** A QR code as a picture; `data` has its light border. */
export function Code({ data, label }: { data: readonly (readonly boolean[])[]; label: string }) {
  const size = data.length;
  return (
    <svg
      class="qr"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${size} ${size}`}
      shape-rendering="crispEdges"
      data-testid="qr"
    >
      <rect class="qr-ground" width={size} height={size} />
      <path class="qr-ink" d={pathOf(data)} />
    </svg>
  );
}

/** One stroke for each run of dark modules. */
export function pathOf(rows: readonly (readonly boolean[])[]): string {
  return rows
    .flatMap((row, y) =>
      row.flatMap((dark, x) => {
        if (!dark || row[x - 1] === true) return [];
        const end = row.indexOf(false, x);
        return [`M${x} ${y}h${(end < 0 ? row.length : end) - x}v1H${x}z`];
      }),
    )
    .join("");
}
