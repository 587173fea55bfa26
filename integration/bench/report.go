package main

import (
	_ "embed"
	"fmt"
	"strings"
)

// notes is the hand-written part of the report.
//
//go:embed notes.md
var notes string

// A line is one row of the tables.
type line struct {
	work  string
	title string
	unit  unit
	group string
}

type unit int

const (
	inSeconds unit = iota
	perRead        // of the random reads
	inBytes
)

var lines = []line{
	{"first", "first backup", inSeconds, "Backup"},
	{"again", "second backup, nothing changed", inSeconds, "Backup"},
	{"day", "backup of a day's changes", inSeconds, "Backup"},
	{"restore", "restore of all, cold", inSeconds, "Backup"},
	{"mount", "mount ready", inSeconds, "Mount"},
	{"first ls", "first ls -l of a folder, cold", inSeconds, "Mount"},
	{"ls -lR", "ls -lR of everything", inSeconds, "Mount"},
	{"cold read", "reading all media, cold", inSeconds, "Mount"},
	{"read", "reading all media, packs in memory", inSeconds, "Mount"},
	{"4 readers", "the same, 4 readers at a time", inSeconds, "Mount"},
	{"random", "one of 300 random reads of 64 KiB, cold", perRead, "Mount"},
	{"cp -r", "cp -r of half the small files, cold", inSeconds, "Mount"},
	{"backup memory", "memory, backup, at most", inBytes, "Memory and space"},
	{"mount memory", "memory, mount, at most", inBytes, "Memory and space"},
	{"repository", "repository after the first backup", inBytes, "Memory and space"},
	{"growth", "growth by a day's changes", inBytes, "Memory and space"},
}

// words writes a figure for people.
func (u unit) words(v float64) string {
	switch {
	case u == inBytes && v >= 100e6:
		return fmt.Sprintf("%.0f MB", v/1e6)
	case u == inBytes:
		return fmt.Sprintf("%.1f MB", v/1e6)
	case u == perRead:
		v /= randomReads
	}
	switch {
	case v >= 9.95:
		return fmt.Sprintf("%.0f s", v)
	case v >= 0.995:
		return fmt.Sprintf("%.1f s", v)
	case v >= 0.0995:
		return fmt.Sprintf("%.2f s", v)
	case v >= 0.00995:
		return fmt.Sprintf("%.0f ms", v*1e3)
	}
	return fmt.Sprintf("%.2f ms", v*1e3)
}

// times writes a ratio for people.
func times(v float64) string {
	switch {
	case v >= 9.95:
		return fmt.Sprintf("%.0f×", v)
	case v >= 0.995:
		return fmt.Sprintf("%.1f×", v)
	}
	return fmt.Sprintf("%.2f×", v)
}

// report is RESULTS.md.
func (r *results) report() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p("# bakfs beside its peers\n\n")
	p("Made on %s by `%s`; do not edit (notes.md has the words below the tables).\n\n", r.Date, r.Command)
	p("![How many times the time of bakfs each program takes](results.svg)\n\n")
	p("%d files, %.0f MB: small texts, media that do not compress, a database of which a part changes each day; medians of %d round",
		r.Files, float64(r.Bytes)/1e6, r.Rounds)
	p("%s.\nIn brackets: how many times as much a peer takes as bakfs (above 1, bakfs is ahead), and how much of the speed of a server of memory bakfs reaches.\n\n",
		map[bool]string{true: "s"}[r.Rounds != 1])
	r.table(&b)
	p("\n“Cold”: %s.\nBackups find the data in the kernel's cache. All programs run with their defaults", r.Caches)
	p(" (kopia with zstd-fastest, which it does not use by itself).\n\n")
	p("## Processor time\n\nSeconds of user and system time of the program itself, which noise of other work on the machine disturbs less.\n\n")
	r.cpuTable(&b)
	p("%s", r.signalSection())
	p("\n## What was measured\n\n")
	for _, t := range r.Programs {
		p("- **%s**: %s\n", t.Name, t.Version)
	}
	for _, m := range r.Missing {
		p("- left out: %s\n", m)
	}
	for _, f := range r.Failed {
		p("- failed: %s\n", f)
	}
	for _, m := range r.Machine {
		p("- %s\n", m)
	}
	p("\n%s", r.behind())
	p("\n%s", notes)
	return b.String()
}

func (r *results) header(b *strings.Builder) {
	b.WriteString("| work |")
	for _, t := range r.Programs {
		fmt.Fprintf(b, " %s |", strings.ReplaceAll(t.Name, "*", "\\*"))
	}
	b.WriteString("\n|---|" + strings.Repeat("--:|", len(r.Programs)) + "\n")
}

func (r *results) table(b *strings.Builder) {
	r.header(b)
	for _, l := range lines {
		fmt.Fprintf(b, "| %s |", l.title)
		own, known := median(r.Figures, l.work, "bakfs")
		for _, t := range r.Programs {
			v, ok := median(r.Figures, l.work, t.Name)
			switch {
			case !ok:
				b.WriteString(" – |")
			case t.Name == "bakfs" || !known || own == 0:
				fmt.Fprintf(b, " **%s** |", l.unit.words(v))
			case t.ceiling():
				fmt.Fprintf(b, " %s (%.0f %%) |", l.unit.words(v), 100*v/own)
			default:
				fmt.Fprintf(b, " %s (%s) |", l.unit.words(v), times(v/own))
			}
		}
		b.WriteString("\n")
	}
}

// ceiling tells the servers of memory.
func (p program) ceiling() bool {
	_, ok := memoryServers[p.Name]
	return ok
}

func (r *results) cpuTable(b *strings.Builder) {
	r.header(b)
	for _, l := range lines {
		if l.unit == inBytes {
			continue
		}
		title := l.title
		if l.unit == perRead {
			title = "300 random reads of 64 KiB, cold"
		}
		fmt.Fprintf(b, "| %s |", title)
		for _, t := range r.Programs {
			if v, ok := median(r.CPU, l.work, t.Name); ok {
				fmt.Fprintf(b, " %.2f |", v)
			} else {
				b.WriteString(" – |")
			}
		}
		b.WriteString("\n")
	}
}

// behind names the rows in which a peer is ahead by more than one part in fifty.
func (r *results) behind() string {
	var found []string
	for _, l := range lines {
		own, ok := median(r.Figures, l.work, "bakfs")
		for _, t := range r.Programs {
			v, there := median(r.Figures, l.work, t.Name)
			if ok && there && !t.ceiling() && v < 0.98*own {
				found = append(found, fmt.Sprintf("- %s: %s takes %s, bakfs %s (%s)\n", l.title, t.Name, l.unit.words(v), l.unit.words(own), times(v/own)))
			}
		}
	}
	if len(found) == 0 {
		return "## Where bakfs is not ahead\n\nIn no row of this run.\n"
	}
	return "## Where bakfs is not ahead\n\n" + strings.Join(found, "")
}
