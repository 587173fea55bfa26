package signal

// A BackupInfo is the first record of a stream.
type BackupInfo struct {
	// format version; 1 in everything written today. A reader should refuse or
	// warn on a larger number
	Version      uint64
	BackupTimeMs Millis // ms since epoch, moment the export started
	// 32 bytes; root of the remote media keys (media id + outer media
	// encryption, A.7). Not needed for local folders
	MediaRootBackupKey Secret
	CurrentAppVersion  string  // free text, e.g. "Android 7.60.2"
	FirstAppVersion    string  // app version at first registration
	DebugInfo          Secret  // opaque client blob; ignore
	Unknown            Unknown // fields that this package does not know
}

func (m *BackupInfo) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "version", &m.Version)
	number(c, 2, "backupTimeMs", &m.BackupTimeMs)
	secret(c, 3, "mediaRootBackupKey", &m.MediaRootBackupKey)
	text(c, 4, "currentAppVersion", &m.CurrentAppVersion)
	text(c, 5, "firstAppVersion", &m.FirstAppVersion)
	secret(c, 6, "debugInfo", &m.DebugInfo)
}

// An Account is the profile and the settings of the owner. It does not say the
// owner's ids.
type Account struct {
	ProfileKey              Secret      // 32 bytes
	Username                Opt[string] // e.g. "bob.42"
	UsernameLink            *UsernameLink
	GivenName               string // owner's profile given name: use it to label Self
	FamilyName              string
	AvatarURLPath           string // CDN path of own avatar (not downloadable offline)
	DonationSubscriberData  *Subscriber
	AccountSettings         *Settings
	BackupsSubscriberData   *StoreSubscriber
	SVRPIN                  Secret // the user's Signal PIN in clear text: treat as secret, never print
	AndroidSpecificSettings *AndroidSettings
	BioText                 string // "about" text
	BioEmoji                string
	IOSSpecificSettings     *IOSSettings
	Unknown                 Unknown // fields that this package does not know
}

func (m *Account) fields(c *coder) {
	c.begin(&m.Unknown)
	secret(c, 1, "profileKey", &m.ProfileKey)
	optText(c, 2, "username", &m.Username)
	sub(c, 3, "usernameLink", &m.UsernameLink)
	text(c, 4, "givenName", &m.GivenName)
	text(c, 5, "familyName", &m.FamilyName)
	text(c, 6, "avatarUrlPath", &m.AvatarURLPath)
	sub(c, 7, "donationSubscriberData", &m.DonationSubscriberData)
	sub(c, 9, "accountSettings", &m.AccountSettings)
	sub(c, 10, "backupsSubscriberData", &m.BackupsSubscriberData)
	secretText(c, 11, "svrPin", &m.SVRPIN)
	sub(c, 12, "androidSpecificSettings", &m.AndroidSpecificSettings)
	text(c, 13, "bioText", &m.BioText)
	text(c, 14, "bioEmoji", &m.BioEmoji)
	sub(c, 16, "iosSpecificSettings", &m.IOSSpecificSettings)
}

// A UsernameLink is the link to the owner's username.
type UsernameLink struct {
	Entropy  Secret    // 32 bytes
	ServerID Bytes     // 16-byte UUID
	Color    LinkColor // QR colour
	Unknown  Unknown   // fields that this package does not know
}

func (m *UsernameLink) fields(c *coder) {
	c.begin(&m.Unknown)
	secret(c, 1, "entropy", &m.Entropy)
	blob(c, 2, "serverId", &m.ServerID)
	enum(c, 3, "color", &m.Color, linkColorNames)
}

// A Subscriber is a donor's subscription.
type Subscriber struct {
	SubscriberID      Secret // 32 bytes
	CurrencyCode      string
	ManuallyCancelled bool
	Unknown           Unknown // fields that this package does not know
}

func (m *Subscriber) fields(c *coder) {
	c.begin(&m.Unknown)
	secret(c, 1, "subscriberId", &m.SubscriberID)
	text(c, 2, "currencyCode", &m.CurrencyCode)
	flag(c, 3, "manuallyCancelled", &m.ManuallyCancelled)
}

// A StoreSubscriber is a subscription bought in an app store.
type StoreSubscriber struct {
	SubscriberID          Secret      // 32 bytes
	PurchaseToken         Opt[Secret] // Play Store
	OriginalTransactionID Opt[uint64] // App Store
	Unknown               Unknown     // fields that this package does not know
}

func (m *StoreSubscriber) fields(c *coder) {
	c.begin(&m.Unknown)
	secret(c, 1, "subscriberId", &m.SubscriberID)
	optSecretText(c, 2, "purchaseToken", &m.PurchaseToken)
	optNumber(c, 3, "originalTransactionId", &m.OriginalTransactionID)
}

// AndroidSettings are settings of Android only.
type AndroidSettings struct {
	UseSystemEmoji     bool
	ScreenshotSecurity bool
	NavigationBarSize  BarSize
	Unknown            Unknown // fields that this package does not know
}

func (m *AndroidSettings) fields(c *coder) {
	c.begin(&m.Unknown)
	flag(c, 1, "useSystemEmoji", &m.UseSystemEmoji)
	flag(c, 2, "screenshotSecurity", &m.ScreenshotSecurity)
	enum(c, 3, "navigationBarSize", &m.NavigationBarSize, barSizeNames)
}

// IOSSettings are settings of iOS only.
type IOSSettings struct {
	IsSystemCallLogEnabled bool
	Unknown                Unknown // fields that this package does not know
}

func (m *IOSSettings) fields(c *coder) {
	c.begin(&m.Unknown)
	flag(c, 1, "isSystemCallLogEnabled", &m.IsSystemCallLogEnabled)
}

// A LinkColor is the colour of the code of a username link.
type LinkColor int32

// The values of LinkColor. Others come from newer apps.
const (
	LinkColorUnknown LinkColor = iota
	LinkColorBlue
	LinkColorWhite
	LinkColorGrey
	LinkColorOlive
	LinkColorGreen
	LinkColorOrange
	LinkColorPink
	LinkColorPurple
)

var linkColorNames = []string{"UNKNOWN", "BLUE", "WHITE", "GREY", "OLIVE", "GREEN", "ORANGE", "PINK", "PURPLE"}

// String returns the name that the format has for v, or its number.
func (v LinkColor) String() string { return enumName(int32(v), linkColorNames) }

// A BarSize is the size of the navigation bar.
type BarSize int32

// The values of BarSize. Others come from newer apps.
const (
	BarSizeUnknownBarSize BarSize = iota
	BarSizeNormal
	BarSizeCompact
)

var barSizeNames = []string{"UNKNOWN_BAR_SIZE", "NORMAL", "COMPACT"}

// String returns the name that the format has for v, or its number.
func (v BarSize) String() string { return enumName(int32(v), barSizeNames) }
