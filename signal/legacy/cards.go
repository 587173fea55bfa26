package legacy

import (
	"encoding/json"

	"bakfs/signal"
)

// An attachmentID is how the JSON columns name an attachment.
type attachmentID struct {
	RowID int64 `json:"rowId"`
}

// claim returns the file that an id names, and takes it out of the message's
// own files.
func (d *draft) claim(id *attachmentID) *signal.FilePointer {
	if id == nil {
		return nil
	}
	for i := range d.files {
		if d.files[i].row == id.RowID {
			d.files[i].used = true
			return d.files[i].pointer
		}
	}
	return nil
}

// previews reads the column link_previews.
func (d *draft) previews() (list []signal.LinkPreview) {
	var rows []struct {
		URL          string        `json:"url"`
		Title        string        `json:"title"`
		Description  string        `json:"description"`
		Date         int64         `json:"date"`
		AttachmentID *attachmentID `json:"attachmentId"`
	}
	if v := d.row.at("link_previews"); len(v.b) == 0 || json.Unmarshal(v.b, &rows) != nil {
		return nil
	}
	for _, r := range rows {
		p := signal.LinkPreview{URL: r.URL, Title: optText(r.Title), Description: optText(r.Description), Image: d.claim(r.AttachmentID)}
		if r.Date > 0 {
			p.Date = signal.Some(signal.Millis(r.Date))
		}
		list = append(list, p)
	}
	return list
}

type cardRow struct {
	Name struct {
		GivenName, FamilyName, Prefix, Suffix, MiddleName, Nickname, DisplayName string
	}
	Organization    string
	PhoneNumbers    []struct{ Number, Type, Label string }
	Emails          []struct{ Email, Type, Label string }
	PostalAddresses []struct{ Type, Label, Street, PoBox, Neighborhood, City, Region, PostalCode, Country string }
	Avatar          *struct{ AttachmentID *attachmentID }
}

// kinds are the kinds of numbers, by their names in JSON.
var (
	phoneTypes = map[string]signal.PhoneType{"HOME": signal.PhoneTypeHome, "MOBILE": signal.PhoneTypeMobile,
		"WORK": signal.PhoneTypeWork, "CUSTOM": signal.PhoneTypeCustom}
	emailTypes = map[string]signal.EmailType{"HOME": signal.EmailTypeHome, "MOBILE": signal.EmailTypeMobile,
		"WORK": signal.EmailTypeWork, "CUSTOM": signal.EmailTypeCustom}
	addressTypes = map[string]signal.AddressType{"HOME": signal.AddressTypeHome, "WORK": signal.AddressTypeWork, "CUSTOM": signal.AddressTypeCustom}
)

// card reads the column shared_contacts; nil if there is none. Apps share one
// contact in a message.
func (d *draft) card() *signal.ContactCard {
	var rows []cardRow
	if v := d.row.at("shared_contacts"); len(v.b) == 0 || json.Unmarshal(v.b, &rows) != nil || len(rows) == 0 {
		return nil
	}
	r := &rows[0]
	n := &r.Name
	c := &signal.ContactCard{Organization: r.Organization, Name: &signal.CardName{GivenName: n.GivenName, FamilyName: n.FamilyName,
		Prefix: n.Prefix, Suffix: n.Suffix, MiddleName: n.MiddleName, Nickname: n.Nickname}}
	if n.GivenName == "" && n.FamilyName == "" {
		c.Name.GivenName = n.DisplayName
	}
	for _, p := range r.PhoneNumbers {
		c.Number = append(c.Number, signal.CardPhone{Value: p.Number, Type: phoneTypes[p.Type], Label: p.Label})
	}
	for _, e := range r.Emails {
		c.Email = append(c.Email, signal.CardEmail{Value: e.Email, Type: emailTypes[e.Type], Label: e.Label})
	}
	for _, a := range r.PostalAddresses {
		c.Address = append(c.Address, signal.CardAddress{Type: addressTypes[a.Type], Label: a.Label, Street: a.Street, Pobox: a.PoBox,
			Neighborhood: a.Neighborhood, City: a.City, Region: a.Region, Postcode: a.PostalCode, Country: a.Country})
	}
	if r.Avatar != nil {
		c.Avatar = d.claim(r.Avatar.AttachmentID)
	}
	return c
}
