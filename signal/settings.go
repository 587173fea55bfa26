package signal

// Settings are the account-wide settings.
type Settings struct {
	ReadReceipts                      bool
	SealedSenderIndicators            bool
	TypingIndicators                  bool
	LinkPreviews                      bool
	NotDiscoverableByPhoneNumber      bool
	PreferContactAvatars              bool
	UniversalExpireTimerSeconds       uint32 // seconds; default timer for new chats, 0 = none
	PreferredReactionEmoji            []string
	DisplayBadgesOnProfile            bool
	KeepMutedChatsArchived            bool
	HasSetMyStoriesPrivacy            bool
	HasViewedOnboardingStory          bool
	StoriesDisabled                   bool
	StoryViewReceiptsEnabled          Opt[bool]
	HasSeenGroupStoryEducationSheet   bool
	HasCompletedUsernameOnboarding    bool
	PhoneNumberSharingMode            NumberSharing
	DefaultChatStyle                  *ChatStyle
	CustomChatColors                  []CustomColor // palette referenced by ChatStyle.customColorId
	OptimizeOnDeviceStorage           bool
	BackupTier                        Opt[uint64] // 200 = free, 201 = paid; absent = remote backups off
	DefaultSentMediaQuality           MediaQuality
	AutoDownloadSettings              *AutoDownload
	ScreenLockTimeoutMinutes          Opt[uint32] // absent = no lock
	PINReminders                      Opt[bool]   // absent = on
	AppTheme                          Theme
	CallsUseLessDataSetting           CallData
	AllowSealedSenderFromAnyone       bool
	AllowAutomaticKeyVerification     bool
	HasSeenAdminDeleteEducationDialog bool
	UnreadBadgeType                   BadgeType // setting
	IncludeMutedChatsInBadge          Opt[bool] // setting
	ReactionNotifications             Opt[bool] // setting
	NotifyForCallsIfMuted             Opt[bool] // setting
	NotifyForMentionsIfMuted          Opt[bool] // setting
	NotifyForRepliesIfMuted           Opt[bool] // setting
	ShowUnreadReminders               Opt[bool] // setting
	NotifyWhenContactJoins            Opt[bool] // setting
	Unknown                           Unknown   // fields that this package does not know
}

func (m *Settings) fields(c *coder) {
	c.begin(&m.Unknown)
	flag(c, 1, "readReceipts", &m.ReadReceipts)
	flag(c, 2, "sealedSenderIndicators", &m.SealedSenderIndicators)
	flag(c, 3, "typingIndicators", &m.TypingIndicators)
	flag(c, 4, "linkPreviews", &m.LinkPreviews)
	flag(c, 5, "notDiscoverableByPhoneNumber", &m.NotDiscoverableByPhoneNumber)
	flag(c, 6, "preferContactAvatars", &m.PreferContactAvatars)
	number32(c, 7, "universalExpireTimerSeconds", &m.UniversalExpireTimerSeconds)
	texts(c, 8, "preferredReactionEmoji", &m.PreferredReactionEmoji)
	flag(c, 9, "displayBadgesOnProfile", &m.DisplayBadgesOnProfile)
	flag(c, 10, "keepMutedChatsArchived", &m.KeepMutedChatsArchived)
	flag(c, 11, "hasSetMyStoriesPrivacy", &m.HasSetMyStoriesPrivacy)
	flag(c, 12, "hasViewedOnboardingStory", &m.HasViewedOnboardingStory)
	flag(c, 13, "storiesDisabled", &m.StoriesDisabled)
	optFlag(c, 14, "storyViewReceiptsEnabled", &m.StoryViewReceiptsEnabled)
	flag(c, 15, "hasSeenGroupStoryEducationSheet", &m.HasSeenGroupStoryEducationSheet)
	flag(c, 16, "hasCompletedUsernameOnboarding", &m.HasCompletedUsernameOnboarding)
	enum(c, 17, "phoneNumberSharingMode", &m.PhoneNumberSharingMode, numberSharingNames)
	sub(c, 18, "defaultChatStyle", &m.DefaultChatStyle)
	subs(c, 19, "customChatColors", &m.CustomChatColors)
	flag(c, 20, "optimizeOnDeviceStorage", &m.OptimizeOnDeviceStorage)
	optNumber(c, 21, "backupTier", &m.BackupTier)
	enum(c, 23, "defaultSentMediaQuality", &m.DefaultSentMediaQuality, mediaQualityNames)
	sub(c, 24, "autoDownloadSettings", &m.AutoDownloadSettings)
	optNumber32(c, 26, "screenLockTimeoutMinutes", &m.ScreenLockTimeoutMinutes)
	optFlag(c, 27, "pinReminders", &m.PINReminders)
	enum(c, 28, "appTheme", &m.AppTheme, themeNames)
	enum(c, 29, "callsUseLessDataSetting", &m.CallsUseLessDataSetting, callDataNames)
	flag(c, 30, "allowSealedSenderFromAnyone", &m.AllowSealedSenderFromAnyone)
	flag(c, 31, "allowAutomaticKeyVerification", &m.AllowAutomaticKeyVerification)
	flag(c, 32, "hasSeenAdminDeleteEducationDialog", &m.HasSeenAdminDeleteEducationDialog)
	enum(c, 33, "unreadBadgeType", &m.UnreadBadgeType, badgeTypeNames)
	optFlag(c, 34, "includeMutedChatsInBadge", &m.IncludeMutedChatsInBadge)
	optFlag(c, 35, "reactionNotifications", &m.ReactionNotifications)
	optFlag(c, 36, "notifyForCallsIfMuted", &m.NotifyForCallsIfMuted)
	optFlag(c, 37, "notifyForMentionsIfMuted", &m.NotifyForMentionsIfMuted)
	optFlag(c, 38, "notifyForRepliesIfMuted", &m.NotifyForRepliesIfMuted)
	optFlag(c, 39, "showUnreadReminders", &m.ShowUnreadReminders)
	optFlag(c, 40, "notifyWhenContactJoins", &m.NotifyWhenContactJoins)
}

// An AutoDownload says which media are fetched by themselves.
type AutoDownload struct {
	Images    DownloadOption
	Audio     DownloadOption
	Video     DownloadOption
	Documents DownloadOption
	Unknown   Unknown // fields that this package does not know
}

func (m *AutoDownload) fields(c *coder) {
	c.begin(&m.Unknown)
	enum(c, 1, "images", &m.Images, downloadOptionNames)
	enum(c, 2, "audio", &m.Audio, downloadOptionNames)
	enum(c, 3, "video", &m.Video, downloadOptionNames)
	enum(c, 4, "documents", &m.Documents, downloadOptionNames)
}

// A NumberSharing says who may see the owner's phone number.
type NumberSharing int32

// The values of NumberSharing. Others come from newer apps.
const (
	NumberSharingUnknown NumberSharing = iota
	NumberSharingEverybody
	NumberSharingNobody
)

var numberSharingNames = []string{"UNKNOWN", "EVERYBODY", "NOBODY"}

// String returns the name that the format has for v, or its number.
func (v NumberSharing) String() string { return enumName(int32(v), numberSharingNames) }

// A MediaQuality is the quality of sent media.
type MediaQuality int32

// The values of MediaQuality. Others come from newer apps.
const (
	MediaQualityUnknownQuality MediaQuality = iota
	MediaQualityStandard
	MediaQualityHigh
)

var mediaQualityNames = []string{"UNKNOWN_QUALITY", "STANDARD", "HIGH"}

// String returns the name that the format has for v, or its number.
func (v MediaQuality) String() string { return enumName(int32(v), mediaQualityNames) }

// A Theme is the look of the app.
type Theme int32

// The values of Theme. Others come from newer apps.
const (
	ThemeUnknownAppTheme Theme = iota
	ThemeSystem
	ThemeLight
	ThemeDark
)

var themeNames = []string{"UNKNOWN_APP_THEME", "SYSTEM", "LIGHT", "DARK"}

// String returns the name that the format has for v, or its number.
func (v Theme) String() string { return enumName(int32(v), themeNames) }

// A CallData says when calls save data.
type CallData int32

// The values of CallData. Others come from newer apps.
const (
	CallDataUnknownCallDataSetting CallData = iota
	CallDataNever
	CallDataMobileDataOnly
	CallDataWifiAndMobileData
)

var callDataNames = []string{"UNKNOWN_CALL_DATA_SETTING", "NEVER", "MOBILE_DATA_ONLY", "WIFI_AND_MOBILE_DATA"}

// String returns the name that the format has for v, or its number.
func (v CallData) String() string { return enumName(int32(v), callDataNames) }

// A BadgeType says what the badge counts.
type BadgeType int32

// The values of BadgeType. Others come from newer apps.
const (
	BadgeTypeUnknownBadgeType BadgeType = iota
	BadgeTypeUnreadMessages
	BadgeTypeUnreadChats
)

var badgeTypeNames = []string{"UNKNOWN_BADGE_TYPE", "UNREAD_MESSAGES", "UNREAD_CHATS"}

// String returns the name that the format has for v, or its number.
func (v BadgeType) String() string { return enumName(int32(v), badgeTypeNames) }

// A DownloadOption says when media are fetched by themselves.
type DownloadOption int32

// The values of DownloadOption. Others come from newer apps.
const (
	DownloadOptionUnknown DownloadOption = iota
	DownloadOptionNever
	DownloadOptionWifi
	DownloadOptionWifiAndCellular
)

var downloadOptionNames = []string{"UNKNOWN", "NEVER", "WIFI", "WIFI_AND_CELLULAR"}

// String returns the name that the format has for v, or its number.
func (v DownloadOption) String() string { return enumName(int32(v), downloadOptionNames) }
