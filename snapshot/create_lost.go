package snapshot

import (
	"fmt"
	"path"
	"slices"
	"sync"
)

// lostSources are the sources of which nothing could be read.
type lostSources struct {
	mu    sync.Mutex // guards the rest
	paths map[string]bool
	first error
}

func (l *lostSources) add(p string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.paths == nil {
		l.paths, l.first = map[string]bool{}, err
	}
	l.paths[p] = true
}

// without gives the sources that are left.
func (l *lostSources) without(sources []string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(sources), func(p string) bool { return l.paths[p] })
}

// all is an error if no source is left.
func (l *lostSources) all(sources []string) error {
	if len(l.without(sources)) > 0 {
		return nil
	}
	return fmt.Errorf("no source could be read: %w", l.first)
}

// losePart reports a source whose folder could not be listed to the end. What was listed is kept.
func (c *creator) losePart(p string, partly unlistable) {
	c.report(p, partly.error)
	if partly.whole {
		c.gone.add(p, partly.error)
	}
}

// loseSource reports that the place p of the sources cannot be read, and so each source at or below it.
func (c *creator) loseSource(p string, want *wanted, err error) {
	if want.all {
		c.report(p, err)
		c.gone.add(p, err)
	}
	c.loseBelow(p, want, err)
}

// loseBelow reports each source below the place p.
func (c *creator) loseBelow(p string, want *wanted, err error) {
	for _, name := range want.names() {
		c.loseSource(path.Join(p, name), want.below[name], err)
	}
}
