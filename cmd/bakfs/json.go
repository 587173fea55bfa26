package main

import (
	"encoding/json"
	"time"

	"bakfs/snapshot"
)

// line prints v as one line of JSON.
func (p *program) line(v any) error {
	e := json.NewEncoder(p.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// jsonSnapshot is a snapshot in JSON output. Fields are added, never changed.
type jsonSnapshot struct {
	Type       string    `json:"type"`
	ID         string    `json:"id"`
	Kind       string    `json:"kind"` // files, signal
	Time       time.Time `json:"time"`
	Date       time.Time `json:"date"` // of a Signal backup when Signal made it; else time
	Device     string    `json:"device"`
	Sources    []string  `json:"sources"`
	SourcesRaw []string  `json:"sources_base64,omitempty"` // all of them, if one is not UTF-8
	Tags       []string  `json:"tags,omitempty"`
	Files      uint64    `json:"files"`
	Dirs       uint64    `json:"dirs"`
	Others     uint64    `json:"others"`
	Bytes      uint64    `json:"bytes"`
	Added      uint64    `json:"bytes_added"`
	Stored     uint64    `json:"bytes_stored"`
	NotRead    uint64    `json:"not_read"`
	Incomplete bool      `json:"incomplete"`
}

func asJSON(kind string, i snapshot.Info) jsonSnapshot {
	return jsonSnapshot{
		Type: kind, ID: i.ID.String(), Kind: map[snapshot.SourceKind]string{snapshot.Files: "files", snapshot.Signal: "signal"}[i.Kind], Time: i.Time, Date: i.Date(), Device: i.DeviceName, Sources: i.Sources, SourcesRaw: rawAll(i.Sources), Tags: i.Tags,
		Files: i.Files, Dirs: i.Dirs, Others: i.Others, Bytes: i.Bytes, Added: i.Added, Stored: i.Stored, NotRead: i.NotRead, Incomplete: i.Incomplete,
	}
}

// rawAll is raw for a list: nil if every name is UTF-8.
func rawAll(names []string) []string {
	for _, s := range names {
		if raw(s) != "" {
			all := make([]string, len(names))
			for i, s := range names {
				all[i] = encode(s)
			}
			return all
		}
	}
	return nil
}
