package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"bakfs/signal/archive"
)

// A signalNotice gathers the folders in which an ordinary backup met Signal's
// backups, which are better given to --signal.
type signalNotice struct {
	mu      sync.Mutex
	folders []string
}

// maxNoticed is how many folders are worth naming.
const maxNoticed = 5

// looksLikeSignal says whether a file's name is one that Signal gives its backups.
func looksLikeSignal(path string) bool {
	name := filepath.Base(path)
	return strings.HasPrefix(name, "signal-") && strings.HasSuffix(name, ".backup") ||
		name == "main" && strings.HasPrefix(filepath.Base(filepath.Dir(path)), "signal-backup-")
}

// meet looks at a file that was kept as it is. It may be called at any time.
func (n *signalNotice) meet(path string) {
	if !looksLikeSignal(path) {
		return
	}
	folder := filepath.Dir(path)
	if filepath.Base(path) == "main" {
		folder = filepath.Dir(folder)
		path = folder
	}
	if n.known(folder) {
		return
	}
	if _, err := archive.FindAll(path); err != nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.folders) < maxNoticed && !slices.Contains(n.folders, folder) {
		n.folders = append(n.folders, folder)
	}
}

// known reports whether there is nothing to learn of a folder.
func (n *signalNotice) known(folder string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.folders) == maxNoticed || slices.Contains(n.folders, folder)
}

// words is what there is to say at the end; "" if nothing.
func (n *signalNotice) words() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.folders) == 0 {
		return ""
	}
	slices.Sort(n.folders)
	var named, flags []string
	for _, folder := range n.folders {
		named = append(named, quote(folder))
		flags = append(flags, "--signal "+quote(folder))
	}
	verb := "has"
	if len(named) > 1 {
		verb = "have"
	}
	return fmt.Sprintf("%s %s backups of Signal, stored as they are: encrypted, and new as a whole each day; with %s their messages are stored instead",
		strings.Join(named, " and "), verb, strings.Join(flags, " "))
}
