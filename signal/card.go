package signal

// A ContactCard is a shared contact.
type ContactCard struct {
	Name         *CardName
	Number       []CardPhone
	Email        []CardEmail
	Address      []CardAddress
	Avatar       *FilePointer
	Organization string
	ACI          ServiceID     // 16-byte ACI of the shared Signal contact
	Nickname     *CardNickname // not empty if present
	Note         string
	Unknown      Unknown // fields that this package does not know
}

func (m *ContactCard) fields(c *coder) {
	c.begin(&m.Unknown)
	sub(c, 1, "name", &m.Name)
	subs(c, 3, "number", &m.Number)
	subs(c, 4, "email", &m.Email)
	subs(c, 5, "address", &m.Address)
	sub(c, 6, "avatar", &m.Avatar)
	text(c, 7, "organization", &m.Organization)
	blob(c, 8, "aci", &m.ACI)
	sub(c, 9, "nickname", &m.Nickname)
	text(c, 10, "note", &m.Note)
}

// A CardName is the name on a card.
type CardName struct {
	GivenName  string
	FamilyName string
	Prefix     string
	Suffix     string
	MiddleName string
	Nickname   string
	Unknown    Unknown // fields that this package does not know
}

func (m *CardName) fields(c *coder) {
	c.begin(&m.Unknown)
	text(c, 1, "givenName", &m.GivenName)
	text(c, 2, "familyName", &m.FamilyName)
	text(c, 3, "prefix", &m.Prefix)
	text(c, 4, "suffix", &m.Suffix)
	text(c, 5, "middleName", &m.MiddleName)
	text(c, 6, "nickname", &m.Nickname)
}

// A CardNickname is the nickname on a card.
type CardNickname struct {
	Given   string
	Family  string
	Unknown Unknown // fields that this package does not know
}

func (m *CardNickname) fields(c *coder) {
	c.begin(&m.Unknown)
	text(c, 1, "given", &m.Given)
	text(c, 2, "family", &m.Family)
}

// A CardPhone is a phone number on a card.
type CardPhone struct {
	Value   string
	Type    PhoneType
	Label   string
	Unknown Unknown // fields that this package does not know
}

func (m *CardPhone) fields(c *coder) {
	c.begin(&m.Unknown)
	text(c, 1, "value", &m.Value)
	enum(c, 2, "type", &m.Type, phoneTypeNames)
	text(c, 3, "label", &m.Label)
}

// A CardEmail is an e-mail address on a card.
type CardEmail struct {
	Value   string
	Type    EmailType
	Label   string
	Unknown Unknown // fields that this package does not know
}

func (m *CardEmail) fields(c *coder) {
	c.begin(&m.Unknown)
	text(c, 1, "value", &m.Value)
	enum(c, 2, "type", &m.Type, emailTypeNames)
	text(c, 3, "label", &m.Label)
}

// CardAddress is a postal address on a card.
type CardAddress struct {
	Type         AddressType
	Label        string
	Street       string
	Pobox        string
	Neighborhood string
	City         string
	Region       string
	Postcode     string
	Country      string
	Unknown      Unknown // fields that this package does not know
}

func (m *CardAddress) fields(c *coder) {
	c.begin(&m.Unknown)
	enum(c, 1, "type", &m.Type, addressTypeNames)
	text(c, 2, "label", &m.Label)
	text(c, 3, "street", &m.Street)
	text(c, 4, "pobox", &m.Pobox)
	text(c, 5, "neighborhood", &m.Neighborhood)
	text(c, 6, "city", &m.City)
	text(c, 7, "region", &m.Region)
	text(c, 8, "postcode", &m.Postcode)
	text(c, 9, "country", &m.Country)
}

// A PhoneType is the kind of a number on a card.
type PhoneType int32

// The values of PhoneType. Others come from newer apps.
const (
	PhoneTypeUnknown PhoneType = iota
	PhoneTypeHome
	PhoneTypeMobile
	PhoneTypeWork
	PhoneTypeCustom
)

var phoneTypeNames = []string{"UNKNOWN", "HOME", "MOBILE", "WORK", "CUSTOM"}

// String returns the name that the format has for v, or its number.
func (v PhoneType) String() string { return enumName(int32(v), phoneTypeNames) }

// An EmailType is the kind of an address on a card.
type EmailType int32

// The values of EmailType. Others come from newer apps.
const (
	EmailTypeUnknown EmailType = iota
	EmailTypeHome
	EmailTypeMobile
	EmailTypeWork
	EmailTypeCustom
)

var emailTypeNames = []string{"UNKNOWN", "HOME", "MOBILE", "WORK", "CUSTOM"}

// String returns the name that the format has for v, or its number.
func (v EmailType) String() string { return enumName(int32(v), emailTypeNames) }

// An AddressType is the kind of a postal address on a card.
type AddressType int32

// The values of AddressType. Others come from newer apps.
const (
	AddressTypeUnknown AddressType = iota
	AddressTypeHome
	AddressTypeWork
	AddressTypeCustom
)

var addressTypeNames = []string{"UNKNOWN", "HOME", "WORK", "CUSTOM"}

// String returns the name that the format has for v, or its number.
func (v AddressType) String() string { return enumName(int32(v), addressTypeNames) }
