package view

import (
	"context"

	"bakfs/view/history"
)

// pictureTypes are the types of avatars that are shown, and the ends of their names.
var pictureTypes = map[string]string{"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}

// avatarName is what the picture of a conversation is called in its folder; "" if
// there is none.
func avatarName(p *history.Avatar) string {
	if p == nil || pictureTypes[p.MIME] == "" {
		return ""
	}
	return "avatar." + pictureTypes[p.MIME]
}

// picture is what the pages of a conversation show in place of initials.
func (a *account) picture(ctx context.Context, c *history.Conversation) (string, error) {
	p, err := a.h.Avatar(ctx, c)
	return avatarName(p), err
}

// avatar is the picture of a conversation, where there is one.
func (a *account) avatar(ctx context.Context, c *history.Conversation) ([]child, error) {
	p, err := a.h.Avatar(ctx, c)
	if err != nil {
		return nil, err
	}
	name := avatarName(p)
	if name == "" {
		return nil, nil
	}
	place, err := a.place(ctx, "avatar", c.Key, c.Folder, name, p.Hash)
	if err != nil {
		return nil, err
	}
	return []child{{name, &stored{
		size: p.Size, ino: place.number(), links: 1, mtime: a.newest(),
		bytes: func(ctx context.Context) (reader, error) { return a.h.File(ctx, p.Hash) },
	}}}, nil
}
