package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version and formatVersion are what this program is and which repositories it writes.
const (
	version       = "0.1.0"
	formatVersion = 1
)

func newVersion(p *program) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Long:    "Print the version of bakfs, of Go, and of the repository format it writes.",
		Example: "  bakfs version\n  bakfs version --json",
		Args:    arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			if p.json {
				return p.line(struct {
					Version  string `json:"version"`
					Revision string `json:"revision,omitempty"`
					Go       string `json:"go"`
					Platform string `json:"platform"`
					Format   int    `json:"format"`
				}{version, revision(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, formatVersion})
			}
			p.printf("bakfs %s (repository format %d, %s, %s/%s)\n", version, formatVersion, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}

// revision is the commit that was built, where the build recorded it.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
