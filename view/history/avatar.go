package history

import (
	"context"
	"fmt"

	"bakfs/signal/archive"
)

// An Avatar is the picture of a conversation, that of the person or group.
type Avatar struct {
	Hash string // for File
	Size int64
	MIME string // as its bytes tell
}

// Avatar returns the picture of a conversation, as the newest backup has it that has
// one; nil if none does. That of the Note to Self is the account's own.
func (h *History) Avatar(ctx context.Context, c *Conversation) (*Avatar, error) {
	all, err := h.avatars.Get(ctx, struct{}{}, func(ctx context.Context) (map[string]*Avatar, int64, error) {
		all, err := h.readAvatars(ctx)
		return all, 1, err
	})
	if err != nil {
		return nil, err
	}
	if a := all[archive.ConversationDir(c.Key)]; a != nil {
		return a, nil
	}
	for _, d := range c.dirs { // of backups that had another key for the person
		if a := all[d.name]; a != nil {
			return a, nil
		}
	}
	return nil, nil
}

// readAvatars returns the pictures by the names of folders of conversations.
func (h *History) readAvatars(ctx context.Context) (map[string]*Avatar, error) {
	all := map[string]*Avatar{}
	for i := len(h.backups) - 1; i >= 0; i-- {
		a, err := h.archive(ctx, i)
		if err != nil {
			return nil, err
		}
		if a == nil {
			continue
		}
		list, err := a.Avatars(ctx)
		if err != nil && !h.lasting(err) {
			return nil, fmt.Errorf("avatars: %w", err)
		}
		if err != nil {
			h.report(i, "avatars", err)
			continue
		}
		for dir, hash := range list {
			if all[dir] != nil {
				continue
			}
			s, err := h.at(ctx, hash, i)
			if err != nil {
				return nil, err
			}
			if s.backup >= 0 {
				all[dir] = &Avatar{hash, s.size, s.mime}
			}
		}
	}
	return all, nil
}
