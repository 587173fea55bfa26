package sample

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
)

// mountains is a picture of a ridge; n chooses one.
func mountains(n int) []byte {
	const w, h = 960, 640
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	ridge := func(x int, far float64) int {
		t := float64(x)/w*6 + far*3 + float64(n)
		return int(h * (0.42 + 0.2*far - 0.12*math.Abs(math.Sin(t)) - 0.05*math.Abs(math.Sin(3.1*t+1))))
	}
	for x := range w {
		back, front := ridge(x, 0), ridge(x, 1)
		for y := range h {
			sky := uint8(150 + 90*y/h)
			c := color.RGBA{uint8(int(sky) - 60 + 10*n), sky - 20, 245, 255}
			switch {
			case y > front:
				c = color.RGBA{50, uint8(90 + (y-front)/8), 60, 255}
			case y > back:
				c = color.RGBA{120, 115, uint8(130 + (y-back)/6), 255}
			case y > back-14:
				c = color.RGBA{240, 244, 250, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 70}); err != nil {
		panic(err) // nothing in it depends on anything outside
	}
	return b.Bytes()
}

// badge is a small round picture.
func badge() []byte {
	m := image.NewNRGBA(image.Rect(0, 0, 96, 96))
	for x := range 96 {
		for y := range 96 {
			if d := math.Hypot(float64(x)-47.5, float64(y)-47.5); d < 46 {
				m.SetNRGBA(x, y, color.NRGBA{uint8(250 - d), 190, uint8(60 + d), 255})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// hum is a WAV file of some seconds.
func hum(seconds int) []byte {
	const rate = 8000
	n := rate * seconds
	b := append(make([]byte, 0, 44+n), "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(36+n))
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = append(b, "\x01\x00\x08\x00data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	for i := range n {
		t := float64(i) / rate
		b = append(b, byte(128+60*math.Sin(2*math.Pi*220*t)*math.Exp(-math.Mod(t, 1)*2)))
	}
	return b
}
