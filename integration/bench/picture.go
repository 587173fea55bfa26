package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// The picture: a row for each work, bakfs at the line 1, each peer where its ratio
// to bakfs puts it on a logarithmic scale.
const (
	pictureWidth = 900
	plotLeft     = 285
	plotRight    = 790
	rowHeight    = 27
	headHeight   = 122
	groupHeight  = 32
)

const style = `<style>
text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:#1f2430}
.title{font-size:18px;font-weight:600}.group{font-weight:600}.dim{fill:#687083}.small{font-size:11.5px}
.bg{fill:#ffffff}.better{fill:#2563eb;opacity:.05}.grid{stroke:#e3e6ec}.reach{stroke:#c3c9d4;stroke-width:2}
.one{stroke:#2563eb;stroke-width:2}.bakfs{fill:#2563eb}.restic{fill:#e07a10}.restic2{fill:#9c4a06}.borg{fill:#0f9b6c}.kopia{fill:#9b3fd1}
.memory,.bare{fill:#ffffff;stroke:#7a8294;stroke-width:1.8}
@media (prefers-color-scheme:dark){
text{fill:#e6e9ef}.dim{fill:#98a1b3}.bg{fill:#14171d}.better{fill:#6ea0ff;opacity:.07}.grid{stroke:#2a2f3a}.reach{stroke:#454d5c}
.one{stroke:#6ea0ff}.bakfs{fill:#6ea0ff}.restic{fill:#ffa64d}.restic2{fill:#d98b5f}.borg{fill:#3ccf9b}.kopia{fill:#c98bf0}
.memory,.bare{fill:#14171d;stroke:#98a1b3}}
</style>
`

// A scale maps ratios to places from left to right.
type scale struct{ low, high float64 }

func (s scale) x(ratio float64) float64 {
	return plotLeft + (plotRight-plotLeft)*(math.Log(ratio)-math.Log(s.low))/(math.Log(s.high)-math.Log(s.low))
}

// ratio is a program's figure over that of bakfs.
func (r *results) ratio(work, name string) (float64, bool) {
	own, ok := median(r.Figures, work, "bakfs")
	v, there := median(r.Figures, work, name)
	return v / own, ok && there && own > 0 && v > 0
}

// scale holds all ratios and some room.
func (r *results) scale() scale {
	s := scale{0.5, 2}
	for _, l := range lines {
		for _, t := range r.Programs {
			if q, ok := r.ratio(l.work, t.Name); ok {
				s.low, s.high = min(s.low, q/1.15), max(s.high, q*1.15)
			}
		}
	}
	return s
}

// picture is results.svg.
func (r *results) picture() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	height, group := headHeight+34, ""
	for _, l := range lines {
		if l.group != group {
			height, group = height+groupHeight, l.group
		}
		height += rowHeight
	}
	s := r.scale()
	p(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="t">`, pictureWidth, height, pictureWidth, height)
	p(`<title id="t">How many times as much as bakfs each program takes</title>`)
	b.WriteString(style)
	p(`<rect class="bg" width="%d" height="%d" rx="8"/>`, pictureWidth, height)
	p(`<text class="title" x="24" y="36">Time, memory and space, bakfs = 1</text>`)
	p(`<text class="dim" x="24" y="57">%d files, %.0f MB; medians of %d; logarithmic scale. To the right of the line a program takes more than bakfs.</text>`, r.Files, float64(r.Bytes)/1e6, r.Rounds)
	r.legend(&b)
	r.grid(&b, s, height)
	r.rows(&b, s)
	b.WriteString("</svg>\n")
	return b.String()
}

// class is the style of a program.
func class(name string) string { return strings.ReplaceAll(name, "*", "2") }

// mark draws a program's mark.
func mark(b *strings.Builder, name string, x, y float64, hint string) {
	switch name {
	case "bare":
		fmt.Fprintf(b, `<path class="bare" d="M%.1f %.1fl6 6l-6 6l-6-6z">`, x, y-6)
	case "memory":
		fmt.Fprintf(b, `<circle class="memory" cx="%.1f" cy="%.1f" r="5">`, x, y)
	default:
		fmt.Fprintf(b, `<circle class="%s" cx="%.1f" cy="%.1f" r="6">`, class(name), x, y)
	}
	end := "</circle>"
	if name == "bare" {
		end = "</path>"
	}
	fmt.Fprintf(b, "<title>%s</title>%s\n", html.EscapeString(hint), end)
}

func (r *results) legend(b *strings.Builder) {
	words := map[string]string{"memory": "files in memory, our fs", "bare": "files in memory, bare go-fuse", "restic*": "newer restic"}
	x := 32.0
	for _, t := range r.Programs {
		word := words[t.Name]
		if word == "" {
			word = t.Name
		}
		mark(b, t.Name, x, 80, t.Version)
		fmt.Fprintf(b, "<text x=\"%.0f\" y=\"84.5\">%s</text>\n", x+12, html.EscapeString(word))
		x += 38 + 7.0*float64(len(word))
	}
}

func (r *results) grid(b *strings.Builder, s scale, height int) {
	top, bottom := float64(headHeight), float64(height-20)
	fmt.Fprintf(b, "<rect class=\"better\" x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"%.0f\"/>\n", s.x(1), top, plotRight-s.x(1), bottom-top)
	for _, tick := range []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000} {
		if tick < s.low || tick > s.high {
			continue
		}
		x := s.x(tick)
		line := "grid"
		if tick == 1 {
			line = "one"
		}
		fmt.Fprintf(b, "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.0f\" y2=\"%.0f\"/>\n", line, x, x, top, bottom)
		fmt.Fprintf(b, "<text class=\"dim small\" text-anchor=\"middle\" x=\"%.1f\" y=\"%.0f\">%g×</text>\n", x, top-7, tick)
	}
	fmt.Fprintf(b, "<text class=\"dim small\" text-anchor=\"end\" x=\"%d\" y=\"%.0f\">bakfs</text>\n", pictureWidth-24, top-7)
}

// rows draws each work: a thread from bakfs to the farthest peer, and the marks.
func (r *results) rows(b *strings.Builder, s scale) {
	y, group := float64(headHeight), ""
	for _, l := range lines {
		if l.group != group {
			group = l.group
			fmt.Fprintf(b, "<text class=\"group\" x=\"24\" y=\"%.1f\">%s</text>\n", y+groupHeight-9, group)
			y += groupHeight
		}
		mid := y + rowHeight/2.0
		fmt.Fprintf(b, "<text x=\"24\" y=\"%.1f\">%s</text>\n", mid+4.5, html.EscapeString(l.title))
		own, ok := median(r.Figures, l.work, "bakfs")
		if ok {
			fmt.Fprintf(b, "<text class=\"dim\" text-anchor=\"end\" x=\"%d\" y=\"%.1f\">%s</text>\n", pictureWidth-24, mid+4.5, l.unit.words(own))
		}
		low, high := 1.0, 1.0
		for _, t := range r.Programs {
			if q, ok := r.ratio(l.work, t.Name); ok {
				low, high = min(low, q), max(high, q)
			}
		}
		fmt.Fprintf(b, "<line class=\"reach\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", s.x(low), s.x(high), mid, mid)
		for i := len(r.Programs) - 1; i >= 0; i-- {
			t := r.Programs[i]
			if q, ok := r.ratio(l.work, t.Name); ok {
				v, _ := median(r.Figures, l.work, t.Name)
				mark(b, t.Name, s.x(q), mid, fmt.Sprintf("%s: %s, %s", t.Name, l.unit.words(v), times(q)))
			}
		}
		y += rowHeight
	}
}
