package signal

// A ChatStyle is the look of a chat.
type ChatStyle struct {
	WallpaperPreset        Opt[Wallpaper]
	WallpaperPhoto         *FilePointer // image file
	AutoBubbleColor        *AutomaticColor
	BubbleColorPreset      Opt[BubbleColor]
	CustomColorID          Opt[uint64] // an id in AccountSettings.customChatColors
	DimWallpaperInDarkMode bool
	Unknown                Unknown // fields that this package does not know
}

func (m *ChatStyle) fields(c *coder) {
	c.begin(&m.Unknown)
	optEnum(c, 1, "wallpaperPreset", &m.WallpaperPreset, wallpaperNames)
	sub(c, 2, "wallpaperPhoto", &m.WallpaperPhoto)
	sub(c, 3, "autoBubbleColor", &m.AutoBubbleColor)
	optEnum(c, 4, "bubbleColorPreset", &m.BubbleColorPreset, bubbleColorNames)
	optNumber(c, 5, "customColorId", &m.CustomColorID)
	flag(c, 7, "dimWallpaperInDarkMode", &m.DimWallpaperInDarkMode)
}

// A Gradient is a gradient of bubble colours.
type Gradient struct {
	// degrees: 0 = bottom to top, 90 = left to right, 180 = top to bottom, 270 =
	// right to left
	Angle     uint32
	Colors    []uint32  // packed fixed32, 0xAARRGGBB
	Positions []float32 // packed float, 0..1, as many as colors
	Unknown   Unknown   // fields that this package does not know
}

func (m *Gradient) fields(c *coder) {
	c.begin(&m.Unknown)
	number32(c, 1, "angle", &m.Angle)
	fixeds(c, 2, "colors", &m.Colors)
	floats(c, 3, "positions", &m.Positions)
}

// A CustomColor is a colour that the owner made.
type CustomColor struct {
	ID       uint64      // non-zero
	Solid    Opt[uint32] // 0xAARRGGBB
	Gradient *Gradient
	Unknown  Unknown // fields that this package does not know
}

func (m *CustomColor) fields(c *coder) {
	c.begin(&m.Unknown)
	number(c, 1, "id", &m.ID)
	optFixed(c, 2, "solid", &m.Solid)
	sub(c, 3, "gradient", &m.Gradient)
}

// An AutomaticColor says that the bubbles follow the wallpaper.
type AutomaticColor struct {
	Unknown Unknown // fields that this package does not know
}

func (m *AutomaticColor) fields(c *coder) {
	c.begin(&m.Unknown)
}

// A Wallpaper is a wallpaper that comes with the app.
type Wallpaper int32

// The values of Wallpaper. Others come from newer apps.
const (
	WallpaperUnknownWallpaperPreset Wallpaper = iota
	WallpaperSolidBlush
	WallpaperSolidCopper
	WallpaperSolidDust
	WallpaperSolidCeladon
	WallpaperSolidRainforest
	WallpaperSolidPacific
	WallpaperSolidFrost
	WallpaperSolidNavy
	WallpaperSolidLilac
	WallpaperSolidPink
	WallpaperSolidEggplant
	WallpaperSolidSilver
	WallpaperGradientSunset
	WallpaperGradientNoir
	WallpaperGradientHeatmap
	WallpaperGradientAqua
	WallpaperGradientIridescent
	WallpaperGradientMonstera
	WallpaperGradientBliss
	WallpaperGradientSky
	WallpaperGradientPeach
)

var wallpaperNames = []string{"UNKNOWN_WALLPAPER_PRESET", "SOLID_BLUSH", "SOLID_COPPER", "SOLID_DUST", "SOLID_CELADON", "SOLID_RAINFOREST", "SOLID_PACIFIC", "SOLID_FROST", "SOLID_NAVY", "SOLID_LILAC", "SOLID_PINK", "SOLID_EGGPLANT", "SOLID_SILVER", "GRADIENT_SUNSET", "GRADIENT_NOIR", "GRADIENT_HEATMAP", "GRADIENT_AQUA", "GRADIENT_IRIDESCENT", "GRADIENT_MONSTERA", "GRADIENT_BLISS", "GRADIENT_SKY", "GRADIENT_PEACH"}

// String returns the name that the format has for v, or its number.
func (v Wallpaper) String() string { return enumName(int32(v), wallpaperNames) }

// A BubbleColor is a bubble colour that comes with the app.
type BubbleColor int32

// The values of BubbleColor. Others come from newer apps.
const (
	BubbleColorUnknownBubbleColorPreset BubbleColor = iota
	BubbleColorSolidUltramarine
	BubbleColorSolidCrimson
	BubbleColorSolidVermilion
	BubbleColorSolidBurlap
	BubbleColorSolidForest
	BubbleColorSolidWintergreen
	BubbleColorSolidTeal
	BubbleColorSolidBlue
	BubbleColorSolidIndigo
	BubbleColorSolidViolet
	BubbleColorSolidPlum
	BubbleColorSolidTaupe
	BubbleColorSolidSteel
	BubbleColorGradientEmber
	BubbleColorGradientMidnight
	BubbleColorGradientInfrared
	BubbleColorGradientLagoon
	BubbleColorGradientFluorescent
	BubbleColorGradientBasil
	BubbleColorGradientSublime
	BubbleColorGradientSea
	BubbleColorGradientTangerine
)

var bubbleColorNames = []string{"UNKNOWN_BUBBLE_COLOR_PRESET", "SOLID_ULTRAMARINE", "SOLID_CRIMSON", "SOLID_VERMILION", "SOLID_BURLAP", "SOLID_FOREST", "SOLID_WINTERGREEN", "SOLID_TEAL", "SOLID_BLUE", "SOLID_INDIGO", "SOLID_VIOLET", "SOLID_PLUM", "SOLID_TAUPE", "SOLID_STEEL", "GRADIENT_EMBER", "GRADIENT_MIDNIGHT", "GRADIENT_INFRARED", "GRADIENT_LAGOON", "GRADIENT_FLUORESCENT", "GRADIENT_BASIL", "GRADIENT_SUBLIME", "GRADIENT_SEA", "GRADIENT_TANGERINE"}

// String returns the name that the format has for v, or its number.
func (v BubbleColor) String() string { return enumName(int32(v), bubbleColorNames) }
