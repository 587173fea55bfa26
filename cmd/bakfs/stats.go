package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"
)

func newStats(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "stats [-r DIR]",
		Short: "Count what the repository holds",
		Long: `Count snapshots, packs and bytes, and say what deduplication and compression save:
the sizes of all files of all snapshots, against the bytes in the folder.`,
		Example: "  bakfs stats\n  bakfs stats --json",
		Args:    arguments(0, 0, ""),
		RunE:    func(c *cobra.Command, _ []string) error { return p.stats(c.Context()) },
	}
}

// A sum is what stats counts.
type sum struct {
	Type       string           `json:"type"`
	ID         string           `json:"id"`
	Devices    int              `json:"devices"`
	Snapshots  int              `json:"snapshots"`
	Files      uint64           `json:"files"`
	Bytes      uint64           `json:"bytes"`
	Added      uint64           `json:"bytes_added"`
	Stored     uint64           `json:"bytes_stored"`
	Packs      int              `json:"packs"`
	PackBytes  int64            `json:"pack_bytes"`
	Unreadable int              `json:"packs_unreadable"`
	Chunks     uint64           `json:"chunks"`
	BySize     map[string]int   `json:"packs_by_size"`
	ByStream   map[string]int   `json:"packs_by_stream"`
	StreamSize map[string]int64 `json:"bytes_by_stream"`
}

func (p *program) stats(ctx context.Context) error {
	r, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	s := sum{Type: "stats", ID: r.id.String(), Devices: len(r.journal.Devices()), BySize: map[string]int{}, ByStream: map[string]int{}, StreamSize: map[string]int64{}}
	for _, i := range p.snapshots(r.journal) {
		s.Snapshots++
		s.Files += i.Files
		s.Bytes += i.Bytes
		s.Added += i.Added
		s.Stored += i.Stored
	}
	sizes := map[int64]int{}
	packs, err := listPacks(ctx, r.folder)
	if err != nil {
		return err
	}
	for _, pack := range packs {
		s.Packs++
		s.PackBytes += pack.size
		sizes[pack.size]++
		s.BySize[fmt.Sprint(pack.size)]++
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.look(r, pack); err != nil {
			s.Unreadable++
			p.warn("warning: %v", err)
		}
	}
	if p.json {
		return p.line(s)
	}
	p.printStats(s, sizes)
	return nil
}

// look adds what the head of a pack says.
func (s *sum) look(r *repository, pack packFile) error {
	h, err := r.folder.Summary(r.keys, pack.name)
	if err != nil {
		return err
	}
	stream := "content"
	if h.Metadata {
		stream = "metadata"
	}
	s.Chunks += uint64(h.Chunks)
	s.ByStream[stream]++
	s.StreamSize[stream] += pack.size
	return nil
}

func (p *program) printStats(s sum, sizes map[int64]int) {
	p.printf("repository  %s\n", s.ID)
	p.printf("devices     %s\n", number(uint64(s.Devices)))
	p.printf("snapshots   %s, of %s, %s\n", number(uint64(s.Snapshots)), count(s.Files, "file", "files"), bytesOf(s.Bytes))
	p.printf("new bytes   %s, stored as %s\n", bytesOf(s.Added), bytesOf(s.Stored))
	p.printf("chunks      %s\n", number(s.Chunks))
	p.printf("packs       %s, %s: %s metadata, %s content\n", number(uint64(s.Packs)), bytesOf(s.PackBytes),
		bytesOf(s.StreamSize["metadata"]), bytesOf(s.StreamSize["content"]))
	for _, size := range slices.Sorted(maps.Keys(sizes)) {
		p.printf("  %9s  %s\n", bytesOf(size), number(uint64(sizes[size])))
	}
	if s.PackBytes > 0 {
		p.printf("saved       the snapshots are %.1f times what the folder holds\n", float64(s.Bytes)/float64(s.PackBytes))
	}
}
