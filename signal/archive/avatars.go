package archive

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	iofs "io/fs"
	"maps"
	"slices"

	"bakfs/signal/legacy"
)

// avatarsMagic begins the list of pictures of conversations: for each one its
// folder (16 bytes) and the SHA-256 of its picture, in ascending order of folders.
const avatarsMagic = "signal avatars 1\n"

const (
	avatarSize = 16 + 32
	maxAvatars = 1 << 20 // in a list
)

// avatars stores which conversations have which pictures. media are the blobs of
// the file by their numbers.
func (s *storer) avatars(h *legacy.History, media []legacy.Media) error {
	list := make(map[[16]byte][32]byte)
	for _, id := range slices.Sorted(maps.Keys(s.people)) {
		dir := s.people[id]
		if _, have := list[dir]; have || len(list) == maxAvatars {
			continue
		}
		if n, ok := h.Avatar(id); ok && n >= 0 && n < len(media) && media[n].Size > 0 {
			list[dir] = media[n].Hash
		}
	}
	if len(list) == 0 {
		return nil
	}
	return s.file(avatarsName, appendAvatars(nil, list))
}

func appendAvatars(b []byte, list map[[16]byte][32]byte) []byte {
	b = append(b, avatarsMagic...)
	for _, dir := range slices.SortedFunc(maps.Keys(list), func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) }) {
		hash := list[dir]
		b = append(append(b, dir[:]...), hash[:]...)
	}
	return b
}

func parseAvatars(b []byte) (map[[16]byte][32]byte, error) {
	bad := fmt.Errorf("%s: %w", avatarsName, ErrArchive)
	rest, ok := bytes.CutPrefix(b, []byte(avatarsMagic))
	if !ok || len(rest)%avatarSize != 0 || len(rest) > maxAvatars*avatarSize {
		return nil, bad
	}
	list := make(map[[16]byte][32]byte, len(rest)/avatarSize)
	var last []byte
	for ; len(rest) > 0; rest = rest[avatarSize:] {
		if last != nil && bytes.Compare(last, rest[:16]) >= 0 {
			return nil, bad
		}
		last = rest[:16]
		list[[16]byte(last)] = [32]byte(rest[16:])
	}
	return list, nil
}

// Avatars returns the pictures of conversations and persons: from names as
// ConversationDir returns them to names of files of media. It is empty where the
// backup has none, as all but legacy files do.
func (a *Archive) Avatars(ctx context.Context) (map[string]string, error) {
	b, err := readWhole(ctx, a.fsys, avatarsName, int64(len(avatarsMagic)+maxAvatars*avatarSize))
	if errors.Is(err, iofs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := parseAvatars(b)
	if err != nil {
		return nil, err
	}
	named := make(map[string]string, len(list))
	for dir, hash := range list {
		named[hex.EncodeToString(dir[:])] = hex.EncodeToString(hash[:])
	}
	return named, nil
}
