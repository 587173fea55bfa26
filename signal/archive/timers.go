package archive

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	iofs "io/fs"
	"slices"
)

// timersMagic begins the list of files of chats/ in which messages have timers: of each
// its folder (16 bytes), u32 month and u32 part, in ascending order.
const timersMagic = "signal timers 1\n"

const (
	timerSize = 16 + 4 + 4
	maxTimers = 1 << 20 // in a list; where there are more there is none
)

// expiresField is, of a message, after how long it disappears.
const expiresField = 5

// mayHaveTimer reports whether the record of a message may have a timer. Where only
// decoding can tell, it may.
func mayHaveTimer(rec []byte) bool {
	s := fieldScan{b: rec}
	for s.next() {
		if s.num != itemField || s.is != isBytes {
			continue
		}
		in := fieldScan{b: s.in}
		for in.next() {
			if in.num == expiresField && (in.is != isNumber || in.n > 0) {
				return true
			}
		}
		if in.bad {
			return true
		}
	}
	return s.bad
}

func compareParts(a, b part) int {
	return cmp.Or(bytes.Compare(a.dir[:], b.dir[:]), cmp.Compare(a.month, b.month), cmp.Compare(a.n, b.n))
}

func appendTimers(b []byte, list []part) []byte {
	b = append(b, timersMagic...)
	for _, p := range slices.SortedFunc(slices.Values(list), compareParts) {
		b = append(b, p.dir[:]...)
		b = binary.BigEndian.AppendUint32(b, uint32(p.month))
		b = binary.BigEndian.AppendUint32(b, uint32(p.n))
	}
	return b
}

func parseTimers(b []byte) ([]part, error) {
	bad := fmt.Errorf("%s: %w", timersName, ErrArchive)
	rest, ok := bytes.CutPrefix(b, []byte(timersMagic))
	if !ok || len(rest)%timerSize != 0 || len(rest) > maxTimers*timerSize {
		return nil, bad
	}
	list := make([]part, 0, len(rest)/timerSize)
	for ; len(rest) > 0; rest = rest[timerSize:] {
		p := part{[16]byte(rest), int32(binary.BigEndian.Uint32(rest[16:])), int32(binary.BigEndian.Uint32(rest[20:]))}
		if p.month < firstMonth || p.month > lastMonth || p.n < 1 || len(list) > 0 && compareParts(list[len(list)-1], p) >= 0 {
			return nil, bad
		}
		list = append(list, p)
	}
	return list, nil
}

// Timers returns the files of messages, as "chats/<folder>/<month>", in which a message
// may have a timer. known is false if the backup was stored by a version that did not
// say so.
func (a *Archive) Timers(ctx context.Context) (files map[string]bool, known bool, err error) {
	b, err := readWhole(ctx, a.fsys, timersName, int64(len(timersMagic)+maxTimers*timerSize))
	if errors.Is(err, iofs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	list, err := parseTimers(b)
	if err != nil {
		return nil, false, err
	}
	files = make(map[string]bool, len(list))
	for _, p := range list {
		files[p.path()] = true
	}
	return files, true, nil
}
