// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Two neutral palettes with one accent. The heat map's colours run from dark blue over green to yellow in OKLab
// (Ottosson 2020) with evenly rising lightness, so they also read in grey.
#include "ui/theme.h"

#include "training/api/method_line.h"
#include "ui/flat_style.h"

#include <QEvent>
#include <QFontDatabase>
#include <QIconEngine>
#include <QPainter>
#include <QPalette>
#include <QPixmap>
#include <QSvgRenderer>
#include <QWidget>

#include <array>
#include <cmath>
#include <numbers>

// Resources of a static library are not registered by themselves; outside of any namespace, as Qt asks.
static void registerResources()
{
    Q_INIT_RESOURCE(app);
}

namespace rankwright::theme {

namespace {

struct Colours
{
    QRgb window, base, alternate, button, text, secondary, disabled, accent, onAccent, grid, bad, ground, badGround;
};

constexpr Colours kLight{.window = 0xfff4f5f7, .base = 0xffffffff, .alternate = 0xfff8f9fa, .button = 0xfffbfbfc,
    .text = 0xff1b1f24, .secondary = 0xff565e69, .disabled = 0xff8a929c, .accent = 0xff1f5fa8, .onAccent = 0xffffffff,
    .grid = 0xffdde1e6, .bad = 0xffb3261e, .ground = 0xffe6eef8, .badGround = 0xfffbe9e7};
constexpr Colours kDark{.window = 0xff25282d, .base = 0xff1a1c20, .alternate = 0xff202327, .button = 0xff343940,
    .text = 0xffe4e7ea, .secondary = 0xffa9b1bb, .disabled = 0xff767e88, .accent = 0xff7db4ec, .onAccent = 0xff10151b,
    .grid = 0xff3d434b, .bad = 0xfff2857b, .ground = 0xff22303f, .badGround = 0xff43282a};

const Colours& colours()
{
    return isDark() ? kDark : kLight;
}

QPalette paletteOf(const Colours& of)
{
    QPalette palette;
    const auto all = [&palette](QPalette::ColorRole role, QRgb rgb) { palette.setColor(role, QColor(rgb)); };
    all(QPalette::Window, of.window);
    all(QPalette::WindowText, of.text);
    all(QPalette::Base, of.base);
    all(QPalette::AlternateBase, of.alternate);
    all(QPalette::Text, of.text);
    all(QPalette::Button, of.button);
    all(QPalette::ButtonText, of.text);
    all(QPalette::BrightText, of.bad);
    all(QPalette::ToolTipBase, of.button);
    all(QPalette::ToolTipText, of.text);
    all(QPalette::PlaceholderText, of.secondary);
    all(QPalette::Highlight, of.accent);
    all(QPalette::HighlightedText, of.onAccent);
    all(QPalette::Link, of.accent);
    all(QPalette::LinkVisited, of.accent);
    all(QPalette::Light, of.base);
    all(QPalette::Midlight, of.button);
    all(QPalette::Mid, of.grid);
    all(QPalette::Dark, QColor(of.grid).darker(130).rgb());
    all(QPalette::Shadow, 0xff000000);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, QColor(of.disabled));
    palette.setColor(QPalette::Disabled, QPalette::Highlight, QColor(of.grid));
    palette.setColor(QPalette::Disabled, QPalette::HighlightedText, QColor(of.disabled));
    return palette;
}

// The desktop's own palette, read before ours first replaces it: "automatic" follows its lightness.
bool desktopIsDark()
{
    static const bool dark = QApplication::palette().color(QPalette::Window).lightness() < 128;
    return dark;
}

// Draws :/icons/NAME.svg in the palette's text colour at each size asked for, so icons follow a change of the palette.
class TintedIcon : public QIconEngine
{
public:
    explicit TintedIcon(QString name) : m_name(std::move(name)) {}
    [[nodiscard]] QIconEngine* clone() const override { return new TintedIcon(m_name); }

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override
    {
        const double ratio = painter->device()->devicePixelRatioF();
        const QPixmap drawn = scaledPixmap(rect.size() * ratio, mode, state, ratio);
        painter->drawPixmap(rect, drawn);
    }

    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override
    {
        return scaledPixmap(size, mode, state, 1);
    }

    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal) override
    {
        const QColor tint = colour(mode, state);
        const auto key = std::make_tuple(size.width(), size.height(), tint.rgb());
        if (const auto found = m_drawn.find(key); found != m_drawn.end())
            return found->second;
        QImage image(size, QImage::Format_ARGB32_Premultiplied);
        image.fill(Qt::transparent);
        if (QSvgRenderer svg(QStringLiteral(":/icons/%1.svg").arg(m_name)); svg.isValid()) {
            QPainter painter(&image);
            svg.render(&painter);
            painter.setCompositionMode(QPainter::CompositionMode_SourceIn);
            painter.fillRect(image.rect(), tint);
        }
        if (m_drawn.size() > 32)
            m_drawn.clear();
        return m_drawn[key] = QPixmap::fromImage(image);
    }

private:
    static QColor colour(QIcon::Mode mode, QIcon::State state)
    {
        if (mode == QIcon::Disabled)
            return QColor(colours().disabled);
        if (mode == QIcon::Selected)
            return QColor(colours().onAccent);
        return state == QIcon::On ? QColor(colours().accent) : QColor(colours().text);
    }

    QString m_name;
    std::map<std::tuple<int, int, QRgb>, QPixmap> m_drawn;
};

QFont pixelFont(int pixels, QFont::Weight weight = QFont::Normal)
{
    QFont font = QApplication::font();
    font.setPixelSize(pixels);
    font.setWeight(weight);
    return font;
}

// OKLCh -> sRGB; out-of-gamut components are clipped.
QRgb fromLightness(double lightness, double chroma, double degrees)
{
    const double angle = degrees * std::numbers::pi / 180;
    const double a = chroma * std::cos(angle), b = chroma * std::sin(angle);
    const double l = std::pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
    const double m = std::pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
    const double s = std::pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
    const auto encode = [](double linear) {
        const double clipped = std::clamp(linear, 0.0, 1.0);
        const double value = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * std::pow(clipped, 1 / 2.4) - 0.055;
        return static_cast<int>(std::lround(255 * value));
    };
    return qRgb(encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
        encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
        encode(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s));
}

}  // namespace

void apply(QApplication& application, Mode mode)
{
    const bool dark = mode == Mode::dark || (mode == Mode::automatic && desktopIsDark());
    registerResources();
    if (!qobject_cast<FlatStyle*>(application.style()))
        application.setStyle(new FlatStyle);
    application.setPalette(paletteOf(dark ? kDark : kLight));
    QFont font = QFontDatabase::systemFont(QFontDatabase::GeneralFont);
    font.setPixelSize(13);
    application.setFont(font);
}

bool isDark()
{
    return QApplication::palette().color(QPalette::Window).lightness() < 128;
}

QColor accent()
{
    return colours().accent;
}

QColor secondary()
{
    return colours().secondary;
}

QColor bad()
{
    return colours().bad;
}

QColor good()
{
    return isDark() ? QColor(0x4c, 0xd0, 0x9b) : QColor(0x00, 0x6b, 0x4f);
}

QColor grid()
{
    return colours().grid;
}

QColor messageGround(bool problem)
{
    return problem ? colours().badGround : colours().ground;
}

QFont titleFont()
{
    return pixelFont(20);
}

QFont headingFont()
{
    return pixelFont(13, QFont::DemiBold);
}

QFont smallFont()
{
    return pixelFont(11);
}

namespace {

// The blue of Okabe and Ito is too dark for the dark ground.
QColor onGround(QRgb hue)
{
    return isDark() && hue == methodLine("pissa").hue ? QColor(0xff2b8fd0) : QColor(hue);
}

}  // namespace

QColor methodColor(const QString& method)
{
    return onGround(methodLine(method.toStdString()).hue);
}

Qt::PenStyle methodStyle(const QString& method, int nth)
{
    return dashStyle(methodLine(method.toStdString()).dash + nth);
}

QColor seriesColor(int index)
{
    static constexpr std::array<QRgb, 7> okabeIto{
        0xffe69f00, 0xff0072b2, 0xff009e73, 0xffd55e00, 0xff56b4e9, 0xffcc79a7, 0xffb8a61a};
    const QRgb found = okabeIto[static_cast<size_t>(std::abs(index)) % okabeIto.size()];
    return onGround(found);
}

Qt::PenStyle dashStyle(int index)
{
    static constexpr std::array<Qt::PenStyle, 4> styles{
        Qt::SolidLine, Qt::DashLine, Qt::DotLine, Qt::DashDotLine};
    return styles[static_cast<size_t>(std::abs(index)) % styles.size()];
}

QIcon icon(const QString& name)
{
    registerResources();
    return QIcon(new TintedIcon(name));
}

QColor heat(double share)
{
    static const auto table = [] {
        std::array<QRgb, 256> colours{};
        for (size_t i = 0; i < colours.size(); ++i) {
            const double at = double(i) / 255;
            colours[i] = fromLightness(0.26 + 0.66 * at, 0.10 + 0.05 * at, 285 - 180 * at);
        }
        return colours;
    }();
    if (std::isnan(share))
        return grid();
    return QColor(table[static_cast<size_t>(std::lround(255 * std::clamp(share, 0.0, 1.0)))]);
}

QColor diverging(double share)
{
    if (std::isnan(share))
        return grid();
    // From the middle outwards the lightness moves away from the ground's, alike on both sides, so that 0 is the quietest colour.
    const double far = std::clamp(std::abs(share), 0.0, 1.0);
    const double middle = isDark() ? 0.36 : 0.94, end = isDark() ? 0.80 : 0.46;
    const double lightness = middle + (end - middle) * far;
    return QColor(fromLightness(lightness, 0.155 * std::sqrt(far), share < 0 ? 42 : 252));
}

}  // namespace rankwright::theme
