//! The picture of docs/PERFORMANCE.md: what each figure costs at a size, in parts of what it costs at the smallest.

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 180.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 60.0;
/// Steps of the upright axis.
const STEP: f64 = 0.5;
const COLOURS: [&str; 4] = ["#1f6feb", "#2da44e", "#bf5700", "#8250df"];

/// A line of the picture.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    /// Leaves and ratio.
    pub(crate) points: Vec<(u64, f64)>,
    /// The largest ratio that is good enough.
    pub(crate) bar: f64,
}

/// The picture, as SVG.
pub(crate) fn draw(lines: &[Line]) -> String {
    let all = || lines.iter().flat_map(|line| &line.points);
    let powers = || all().map(|(size, _)| (*size as f64).log2());
    let highest = all().map(|(_, ratio)| *ratio).chain(lines.iter().map(|line| line.bar));
    let mut canvas = Canvas {
        svg: String::new(),
        first: powers().fold(f64::MAX, f64::min),
        last: powers().fold(0.0, f64::max),
        top: (highest.fold(0.0, f64::max) / STEP).ceil() * STEP,
    };
    canvas.put(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>"
    ));
    canvas.text((LEFT, 26.0), "font-size=\"16\"", "Cost against the size of the log");
    canvas.axes();
    for (number, (line, colour)) in lines.iter().zip(COLOURS).enumerate() {
        canvas.line(line, colour, number);
    }
    canvas.put("</svg>");
    canvas.svg
}

struct Canvas {
    svg: String,
    /// Powers of two at both ends.
    first: f64,
    last: f64,
    /// The highest ratio.
    top: f64,
}

impl Canvas {
    fn x(&self, power: f64) -> f64 {
        LEFT + (power - self.first) / (self.last - self.first) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, ratio: f64) -> f64 {
        HEIGHT - BOTTOM - ratio / self.top * (HEIGHT - TOP - BOTTOM)
    }

    fn axes(&mut self) {
        for step in 0..=(self.top / STEP) as u32 {
            let ratio = f64::from(step) * STEP;
            let y = self.y(ratio);
            self.across(y, "stroke=\"#d0d7de\"");
            self.text((LEFT - 8.0, y + 4.0), "text-anchor=\"end\"", &format!("{ratio:.1}"));
        }
        for power in (self.first.round() as i32..=self.last.round() as i32).step_by(2) {
            let label = format!("2<tspan dy=\"-5\" font-size=\"10\">{power}</tspan>");
            let at = (self.x(f64::from(power)), HEIGHT - BOTTOM + 22.0);
            self.text(at, "text-anchor=\"middle\"", &label);
        }
        let middle = self.x(f64::midpoint(self.first, self.last));
        self.text((middle, HEIGHT - 14.0), "text-anchor=\"middle\"", "leaves");
    }

    fn line(&mut self, line: &Line, colour: &str, number: usize) {
        let place = |(size, ratio): &(u64, f64)| (self.x((*size as f64).log2()), self.y(*ratio));
        let places: Vec<(f64, f64)> = line.points.iter().map(place).collect();
        let points: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        // Bars of one height must all be seen.
        let dashes = format!("stroke=\"{colour}\" stroke-dasharray=\"{} 6\"", 2 + 2 * number);
        self.across(self.y(line.bar), &dashes);
        self.put(&format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\"/>",
            points.join(" ")
        ));
        for (x, y) in places {
            self.put(&format!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>"
            ));
        }
        let (x, y) = (WIDTH - RIGHT + 16.0, TOP + 20.0 + number as f64 * 44.0);
        self.put(&format!(
            "<rect x=\"{x:.0}\" y=\"{:.0}\" width=\"14\" height=\"4\" fill=\"{colour}\"/>",
            y - 6.0
        ));
        self.text((x + 20.0, y), "", line.name);
        let bar = format!("bar {} (dashed)", line.bar);
        self.text((x + 20.0, y + 16.0), "font-size=\"11\"", &bar);
    }

    fn across(&mut self, y: f64, more: &str) {
        let to = WIDTH - RIGHT;
        self.put(&format!(
            "<line x1=\"{LEFT}\" x2=\"{to}\" y1=\"{y:.1}\" y2=\"{y:.1}\" {more}/>"
        ));
    }

    fn text(&mut self, (x, y): (f64, f64), more: &str, text: &str) {
        self.put(&format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"#1f2328\" {more}>{text}</text>"
        ));
    }

    fn put(&mut self, line: &str) {
        self.svg.push_str(line);
        self.svg.push('\n');
    }
}
