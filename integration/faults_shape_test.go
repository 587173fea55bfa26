package integration

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"bakfs/integration/weakdisk"
)

// A seen counts how often each shape has been looked at.
type seen map[string]int

// again says whether what a disturbed run has left need not be looked at: it looks as
// what so many other runs of the job have left, and that was looked at. So every operation of a
// command can fail in turn, and only what differs costs ten commands more. In the short
// form, all is looked at.
func (x *trial) again(all seen, done bool, enough int) bool {
	if !x.full {
		return false
	}
	key := fmt.Sprint(done, x.shape())
	all[key]++
	return all[key] > enough
}

// shape is all that bakfs can make of what is on the disk: names, sizes, whether
// content is as it was, what an object's name says of its content, which packs an index
// knows; as programs see it, and as a loss of power leaves it, the kindest and the
// worst. What is by chance alone is left out: the digits of names, sealed bytes.
func (x *trial) shape() string {
	var out strings.Builder
	was := x.from.Files()
	for _, s := range []*weakdisk.State{x.disk.Save(), x.disk.Cut(weakdisk.Loss{}), x.disk.Cut(weakdisk.Loss{Names: weakdisk.Kept})} {
		files := s.Files()
		var lines []string
		for at, data := range files {
			lines = append(lines, shapeOf(at, data, was, files))
		}
		slices.Sort(lines)
		fmt.Fprintln(&out, strings.Join(lines, "\n"))
	}
	fmt.Fprint(&out, x.disk.Unsure())
	return out.String()
}

// byChance are the parts of names that chance has chosen.
var byChance = regexp.MustCompile(`[0-9a-f]{16,64}|packs/[0-9a-f]{2}`)

// shapeOf is one file or directory in a shape.
func shapeOf(at string, data []byte, was, files map[string][]byte) string {
	line := byChance.ReplaceAllString(at, "*")
	before, ok := was[at]
	switch {
	case data == nil:
		return line + "/"
	case strings.HasPrefix(path.Base(at), ".tmp-"):
		return fmt.Sprintf("%s %d bytes", line, min(len(data), 1)) // nobody reads it
	case ok && bytes.Equal(data, before):
		return line + " as it was"
	}
	sum := sha256.Sum256(data)
	_, end, _ := strings.Cut(path.Base(at), "-") // of an entry
	fits := path.Base(at) == hex.EncodeToString(sum[:]) || end == hex.EncodeToString(sum[:8])
	var knows []int
	for pack, content := range files {
		name, err := hex.DecodeString(path.Base(pack))
		if err == nil && len(name) == 32 && bytes.Contains(data, name) {
			knows = append(knows, len(content))
		}
	}
	slices.Sort(knows)
	return fmt.Sprintf("%s %d bytes, fits %v, knows %v", line, len(data), fits, knows)
}
