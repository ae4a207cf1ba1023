package report

import (
	"fmt"
	"strings"
)

// chart is the curve of cells over time, for inline SVG.
type chart struct {
	Width, Height int
	Points        string // of a polyline
	MaxCells      int
	MaxTime       string
	Samples       []Sample // a few of them, for a table
}

// The size of a chart, and how many rows its table has.
const (
	chartWidth, chartHeight = 600, 160
	chartRows               = 12
)

// newChart draws samples; nil where a curve would show nothing.
func newChart(samples []Sample) *chart {
	if len(samples) < 2 || samples[len(samples)-1].Elapsed <= 0 {
		return nil
	}
	c := &chart{Width: chartWidth, Height: chartHeight, MaxTime: clock(samples[len(samples)-1].Elapsed)}
	for _, s := range samples {
		c.MaxCells = max(c.MaxCells, s.Cells)
	}
	last := samples[len(samples)-1].Elapsed
	var b strings.Builder
	every := max(1, len(samples)/chartWidth)
	for i, s := range samples {
		if i%every != 0 && i < len(samples)-1 {
			continue
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%.1f,%.1f", s.Elapsed/last*chartWidth, chartHeight-float64(s.Cells)/float64(max(c.MaxCells, 1))*chartHeight)
	}
	c.Points = b.String()
	step := max(1, (len(samples)-1+chartRows-1)/chartRows)
	for i := 0; i < len(samples)-1; i += step {
		c.Samples = append(c.Samples, samples[i])
	}
	c.Samples = append(c.Samples, samples[len(samples)-1])
	return c
}

// clock is a number of seconds for people.
func clock(seconds float64) string {
	s := int(seconds)
	switch {
	case s >= 3600:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	case s >= 60:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	}
	return fmt.Sprintf("%.1fs", seconds)
}
