package history

import (
	"cmp"
	"context"
	"slices"
)

// A Rename is a person or group that has another name than in the backup before.
type Rename struct{ From, To string }

// Renames returns who is called otherwise in the newest backup than in the last one
// before in which the name was another, by the names of now.
func (h *History) Renames(ctx context.Context) ([]Rename, error) {
	f, err := h.theOutline(ctx)
	if err != nil {
		return nil, err
	}
	now := map[string]string{}
	persons, err := h.Persons(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range persons {
		now[p.Key] = p.Name
	}
	for key, c := range f.byKey {
		now[key] = c.Name
	}
	var list []Rename
	for key, names := range f.names {
		for _, from := range names {
			if to := now[key]; to != "" && from != "" && from != to {
				list = append(list, Rename{from, to})
				break
			}
		}
	}
	slices.SortFunc(list, func(a, b Rename) int { return cmp.Or(cmp.Compare(a.To, b.To), cmp.Compare(a.From, b.From)) })
	return list, nil
}
