// Draws the report's plots in the browser, with uPlot; redraws them when the width or the colours change.

(() => {
  const HEIGHT = 260;
  const DASHES = [[], [7, 4], [2, 3], [12, 3, 2, 3], [14, 5], [5, 2, 1, 2]];
  /** Room for a name on the axis. */
  const NAME_PIXELS = 34;

  /** Ticks of a logarithmic axis: 1, 2, 5, 10 and so on, or powers of ten if those are too many. */
  const roundSplits = {
    splits: (_chart, _axis, least, most) => {
      const first = Math.floor(Math.log10(least));
      const powers = Array.from(
        { length: Math.ceil(Math.log10(most)) - first + 1 },
        (_, i) => 10 ** (first + i),
      );
      const steps = powers.length > 4 ? [1] : [1, 2, 5];
      const splits = powers.flatMap((power) => steps.map((step) => step * power));
      return splits.filter((split) => split >= least && split <= most);
    },
    filter: (_, splits) => splits,
  };

  const plots = JSON.parse(document.getElementById('plots').textContent);
  const drawn = [];

  for (const element of document.querySelectorAll('.plot')) draw(element);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const one of drawn.splice(0)) {
      one.watch.disconnect();
      one.chart.destroy();
      draw(one.element);
    }
  });

  function draw(element) {
    const plot = plots[Number(element.dataset.plot)];
    const chart = new uPlot(optionsFor(plot, element.clientWidth), dataOf(plot), element);
    chart.setLegend({ idx: plot.x.length - 1 });
    const watch = new ResizeObserver(() => {
      if (element.clientWidth !== chart.width) chart.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    watch.observe(element);
    drawn.push({ element, chart, watch });
  }

  function dataOf({ x, lines }) {
    return [x, ...lines.map(({ values }) => values)];
  }

  function optionsFor(plot, width) {
    const ink = colour('--quiet');
    const grid = { stroke: colour('--rule'), width: 1 };
    const axis = { stroke: ink, grid, ticks: { show: false }, font: '12px system-ui, sans-serif' };
    return {
      width,
      height: HEIGHT,
      padding: [10, 18, 0, 0],
      scales: {
        x: { time: false, distr: plot.xLog ? 3 : 1, range: (_, least, most) => around(plot, least, most) },
        y: { distr: plot.yLog ? 3 : 1, range: rangeOf(plot) },
      },
      axes: [
        {
          ...axis,
          label: plot.xLabel,
          labelFont: '12px system-ui, sans-serif',
          labelSize: 20,
          size: 26,
          splits: () => plot.x,
          filter: (chart, splits) => uncrowded(chart, splits),
          values: (_, splits) => splits.map((at) => (at === null ? '' : plot.xNames[plot.x.indexOf(at)])),
        },
        {
          ...axis,
          size: 58,
          ...(plot.yLog ? roundSplits : {}),
          values: (_, splits) => splits.map((at) => (at === null ? '' : shown(at, plot.unit))),
        },
      ],
      series: [
        { label: plot.xLabel, value: (_, at) => plot.xNames[plot.x.indexOf(at)] ?? '' },
        ...seriesOf(plot),
      ],
      cursor: { y: false, drag: { x: false, y: false }, focus: { prox: -1 } },
      legend: { markers: { width: 0 } },
      hooks: {
        init: [(chart) => drawMarkers(chart, plot)],
        draw: [(chart) => drawRanges(chart, plot)],
        // Without a cursor the legend has the values of the last point.
        setCursor: [(chart) => chart.cursor.idx === null && chart.setLegend({ idx: plot.x.length - 1 })],
      },
    };
  }

  function seriesOf({ lines, unit }) {
    return lines.map((line, i) => {
      const style = styleOf(lines, i);
      return {
        label: line.name,
        stroke: style.stroke,
        width: line.tone === 'other' ? 1.5 : 2.25,
        dash: style.dash,
        spanGaps: true,
        points: { show: true, size: line.tone === 'other' ? 5 : 7, fill: style.stroke, stroke: style.stroke },
        value: (_, value) => (value === null || value === undefined ? '' : `${figure(value)} ${unit}`.trim()),
      };
    });
  }

  /** Grey lines differ by their dashes. */
  function styleOf(lines, index) {
    const { tone } = lines[index];
    const same = lines.slice(0, index).filter((line) => line.tone === tone).length;
    return {
      stroke: colour(tone === 'other' ? '--other-line' : `--${tone}`),
      dash: DASHES[same % DASHES.length],
    };
  }

  /** Draws a short piece of each line in the legend, instead of uPlot's box. */
  function drawMarkers(chart, { lines }) {
    const [ofX, ...markers] = chart.root.querySelectorAll('.u-series .u-marker');
    ofX.remove();
    for (const [i, marker] of markers.entries()) {
      const { stroke, dash } = styleOf(lines, i);
      const piece = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
      const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
      const attributes = {
        x2: 30,
        y1: 4,
        y2: 4,
        stroke,
        'stroke-width': 2,
        'stroke-dasharray': dash.join(' '),
      };
      for (const [name, value] of Object.entries(attributes)) line.setAttribute(name, value);
      piece.append(line);
      marker.replaceChildren(piece);
    }
  }

  /** Draws a thin line through each point, from the least to the most of all rounds. */
  function drawRanges(chart, { x, lines }) {
    const { ctx } = chart;
    ctx.save();
    ctx.lineWidth = devicePixelRatio;
    for (const [i, line] of lines.entries()) {
      ctx.strokeStyle = styleOf(lines, i).stroke;
      ctx.beginPath();
      for (const [at, value] of x.entries()) {
        if (line.least[at] === null) continue;
        const left = Math.round(chart.valToPos(value, 'x', true));
        ctx.moveTo(left, chart.valToPos(line.least[at], 'y', true));
        ctx.lineTo(left, chart.valToPos(line.most[at], 'y', true));
      }
      ctx.stroke();
    }
    ctx.restore();
  }

  /** The range of the x axis, with space so that points do not touch the edges. */
  function around({ xLog }, least, most) {
    if (xLog) return [least / 1.3, most * 1.3];
    const margin = (most - least) * 0.08;
    return [least - margin, most + margin];
  }

  /** The range of the y axis: from zero, or, on a logarithmic axis, from the least value. */
  function rangeOf({ lines, yLog }) {
    const values = lines.flatMap(({ least, most }) => [...least, ...most]).filter((value) => value !== null);
    const least = Math.min(...values);
    const most = Math.max(...values);
    if (yLog) return () => [least / 1.4, most * 1.4];
    return () => [0, most === 0 ? 1 : most * 1.08];
  }

  /** Leaves out a name that would touch the one before it. */
  function uncrowded(chart, splits) {
    let right = Number.NEGATIVE_INFINITY;
    return splits.map((at) => {
      const left = chart.valToPos(at, 'x');
      if (left - right < NAME_PIXELS) return null;
      right = left;
      return at;
    });
  }

  function shown(value, unit) {
    const text =
      value >= 10_000 ? `${Number((value / 1000).toPrecision(3))}k` : value.toLocaleString('en-US');
    return unit === '%' ? `${text}%` : text;
  }

  /** Writes a figure as figures.ts does. */
  function figure(value) {
    if (value === 0) return '0';
    if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
    const digits = { minimumSignificantDigits: 3, maximumSignificantDigits: 3 };
    return value.toLocaleString('en-US', digits);
  }

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }
})();
