package main

import (
	"strings"
	"testing"
)

func TestReportHasSignalsDays(t *testing.T) {
	r := sample()
	if strings.Contains(r.report(), "Signal's daily backups") {
		t.Error("a section without figures")
	}
	r.Signal = []*signalSeries{{Kind: "legacy", Messages: 400, Content: 200e6,
		Growth:  map[string][]int64{"bakfs": {200e6, 1e6, 3e6}, "restic": {200e6, 200e6, 200e6}},
		Seconds: map[string][]float64{"bakfs": {9, 1, 2}, "restic": {9, 4, 4}},
		CPU:     map[string][]float64{"bakfs": {9, 1, 1}, "restic": {9, 2, 2}}}}
	report := r.report()
	for _, want := range []string{
		"| legacy `.backup`, 200 MB | **bakfs** | 200 MB | 2.0 MB | 204 MB | 1.02 | 1.5 | 1.0 |",
		"| legacy `.backup`, 200 MB | restic | 200 MB | 200 MB | 600 MB | 3.00 | 4.0 | 2.0 |",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q:\n%s", want, report)
		}
	}
}
