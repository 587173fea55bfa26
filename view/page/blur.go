package page

import (
	"encoding/base64"
	"encoding/binary"
	"html/template"
	"math"
	"strings"
)

// The size of a blurred preview: the browser stretches it.
const (
	blurWidth  = 16 // a multiple of 4, so that a BMP's rows need no filling
	blurHeight = 12
	bmpHeader  = 14 + 40
)

const base83 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"

// blurred returns a blurhash as a picture of a data: address; "" if it is none.
func blurred(hash string) template.URL {
	colours, nx, ok := blurColours(hash)
	if !ok {
		return ""
	}
	b := make([]byte, bmpHeader, bmpHeader+3*blurWidth*blurHeight)
	copy(b, "BM")
	binary.LittleEndian.PutUint32(b[2:], uint32(cap(b)))
	binary.LittleEndian.PutUint32(b[10:], bmpHeader)
	binary.LittleEndian.PutUint32(b[14:], 40)
	binary.LittleEndian.PutUint32(b[18:], blurWidth)
	binary.LittleEndian.PutUint32(b[22:], blurHeight)
	binary.LittleEndian.PutUint16(b[26:], 1)  // planes
	binary.LittleEndian.PutUint16(b[28:], 24) // bits of a pixel
	across, down := waves(blurWidth), waves(blurHeight)
	for y := blurHeight - 1; y >= 0; y-- { // a BMP begins at the bottom
		for x := range blurWidth {
			var sum [3]float64
			for i, c := range colours {
				basis := float64(across[i%nx][x] * down[i/nx][y])
				for k := range sum {
					sum[k] += float64(c[k] * basis) // the conversion keeps all machines at one rounding
				}
			}
			b = append(b, sRGB(sum[2]), sRGB(sum[1]), sRGB(sum[0]))
		}
	}
	return template.URL("data:image/bmp;base64," + base64.StdEncoding.EncodeToString(b))
}

// waves returns the cosines of up to ten waves over n places.
func waves(n int) (w [10][blurWidth]float64) {
	for i := range w {
		for x := range n {
			w[i][x] = math.Cos(math.Pi * float64(x*i) / float64(n))
		}
	}
	return w
}

// blurColours reads the components of a blurhash, nx in a row.
func blurColours(hash string) (colours [][3]float64, nx int, ok bool) {
	digits := make([]int, len(hash))
	for i := range digits {
		if digits[i] = strings.IndexByte(base83, hash[i]); digits[i] < 0 {
			return nil, 0, false
		}
	}
	if len(hash) < 6 {
		return nil, 0, false
	}
	nx, ny := digits[0]%9+1, digits[0]/9+1
	if len(hash) != 4+2*nx*ny {
		return nil, 0, false
	}
	most := float64(digits[1]+1) / 166
	dc := 0
	for _, d := range digits[2:6] {
		dc = dc*83 + d
	}
	colours = append(colours, [3]float64{linear(dc >> 16 & 255), linear(dc >> 8 & 255), linear(dc & 255)})
	for i := 6; i < len(digits); i += 2 {
		v := digits[i]*83 + digits[i+1]
		colours = append(colours, [3]float64{ac(v/(19*19), most), ac(v/19%19, most), ac(v%19, most)})
	}
	return colours, nx, true
}

func ac(v int, most float64) float64 {
	f := float64(v-9) / 9
	return math.Copysign(f*f, f) * most
}

func linear(v int) float64 {
	f := float64(v) / 255
	if f <= 0.04045 {
		return f / 12.92
	}
	return math.Pow((f+0.055)/1.055, 2.4)
}

func sRGB(f float64) byte {
	f = min(max(f, 0), 1)
	if f <= 0.0031308 {
		return byte(f*12.92*255 + 0.5)
	}
	return byte((1.055*math.Pow(f, 1/2.4)-0.055)*255 + 0.5)
}
