package main

import (
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"bakfs/signal/archive"
)

// A signalNotice says, once a run, that a file met by an ordinary backup is a
// Signal backup, which is better given to --signal.
type signalNotice struct {
	p    *program
	bar  *progress
	once sync.Once
	said atomic.Bool
}

// looksLikeSignal says whether a file's name is one that Signal gives its backups.
func looksLikeSignal(path string) bool {
	name := filepath.Base(path)
	return strings.HasPrefix(name, "signal-") && strings.HasSuffix(name, ".backup") ||
		name == "main" && strings.HasPrefix(filepath.Base(filepath.Dir(path)), "signal-backup-")
}

// meet looks at a file that was kept as it is. It may be called at any time.
func (n *signalNotice) meet(path string) {
	if n.said.Load() || !looksLikeSignal(path) {
		return
	}
	if filepath.Base(path) == "main" {
		path = filepath.Dir(filepath.Dir(path))
	}
	if _, err := archive.FindAll(path); err != nil {
		return
	}
	n.once.Do(func() {
		n.said.Store(true)
		n.bar.around(func() {
			n.p.say("%s is a backup of Signal, stored as it is: encrypted, and new as a whole each day; with --signal %s its messages are stored instead", quote(path), quote(path))
		})
	})
}
