package view

import (
	"context"

	"bakfs/view/chat"
	"bakfs/view/history"
	"bakfs/view/text"
)

// renderChanges is CHANGES.txt of a history of two backups, or of the first alone.
// Only months about which they differ are read.
func renderChanges(ctx context.Context, h *history.History) ([]byte, error) {
	backups := h.Backups()
	if len(backups) == 0 {
		return nil, history.ErrNoBackup
	}
	to := backups[len(backups)-1]
	c := text.Changes{To: to.Label}
	if len(backups) == 1 {
		who, err := h.Account(ctx)
		if err != nil {
			return nil, err
		}
		c.All = text.Change{Messages: int(who.Envelope.Report.Messages), Files: int(who.Envelope.Report.Media)}
		return text.AppendChanges(nil, &c), nil
	}
	c.From = backups[0].Label
	all, err := h.Conversations(ctx)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		n, err := changeOf(ctx, h, one)
		if err != nil {
			return nil, err
		}
		if n.Messages+n.Files+n.Edited+n.Gone+n.Unread > 0 {
			c.All.Messages += n.Messages
			c.All.Files += n.Files
			c.All.Edited += n.Edited
			c.All.Gone += n.Gone
			c.All.Unread += n.Unread
			c.Chats = append(c.Chats, n)
		}
	}
	renames, err := h.Renames(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range renames {
		c.Renames = append(c.Renames, text.Rename(r))
	}
	return text.AppendChanges(nil, &c), nil
}

// changeOf counts what is new in a conversation.
func changeOf(ctx context.Context, h *history.History, c *history.Conversation) (text.Change, error) {
	n := text.Change{Name: c.Folder}
	months, err := h.Months(ctx, c)
	if err != nil {
		return n, err
	}
	for _, m := range months {
		differs, err := h.Differs(ctx, c, m)
		if err != nil {
			return n, err
		}
		if !differs {
			continue
		}
		messages, err := h.Messages(ctx, c, m)
		if err != nil {
			return n, err
		}
		for _, msg := range messages {
			count(&n, msg, h.Backups())
		}
	}
	return n, nil
}

// count counts a message if something about it is new in the second backup.
func count(n *text.Change, m *chat.Message, backups []history.Backup) {
	switch {
	case m.Event == history.Unreadable:
		n.Unread++
	case isGone(m):
		n.Gone++
	case m.Past.FirstSeen == backups[1].Label:
		n.Messages++
		for _, f := range m.Files {
			if f.Size >= 0 {
				n.Files++
			}
		}
	case len(m.Versions) > 0 && m.Sent.Time().After(backups[0].Time):
		n.Edited++
	}
}
