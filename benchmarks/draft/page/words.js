// What the page says, in Vietnamese and English.

const WORDS = {
  vi: {
    language: "English", save: "Lưu", saved: "Đã lưu vào", title: "Sửa bản nháp", unsaved: "Có thay đổi chưa lưu.",
    events: "Sự kiện", counts: "Số đếm", ignore: "Khoảng không chấm", places: "Vùng và vạch", rules: "Luật",
    about: "Ghi chú", add: "Thêm", remove: "Xóa", start: "bắt đầu (giây)", end: "kết thúc (giây)", here: "Lấy giây đang xem",
    go: "Xem", place: "nơi", none: "không", line: "vạch", zone: "vùng", direction: "hướng", left: "trái", right: "phải",
    label: "loại", count: "số", tolerance: "sai số", kind: "loại sự kiện", name: "tên", other: "thiết lập khác (JSON)",
    addZone: "Thêm vùng", addLine: "Thêm vạch", addPoint: "Thêm điểm", judge: "Chạy lại các luật với vùng và vạch này",
    judging: "Đang chạy lại…", judged: "Đã thay sự kiện và số đếm bằng kết quả mới. Hãy xem lại.",
    by: "người xác nhận", notes: "ghi chú", play: "Phát / dừng", back: "Lùi một bước", forward: "Tới một bước", time: "Thời điểm",
    picture: "Hình tại giây đang xem", wrong: "Chưa lưu được:", away: "Không liên lạc được với chương trình. Nó còn chạy không?",
    keys: "Phím: ← → một bước, Shift + ← → năm giây, Phím cách phát/dừng. Kéo các chấm trắng để sửa; Tab và phím mũi tên cũng được.",
    corner: "điểm",
  },
  en: {
    language: "Tiếng Việt", save: "Save", saved: "Saved in", title: "Correct the draft", unsaved: "There are unsaved changes.",
    events: "Events", counts: "Counts", ignore: "Seconds not scored", places: "Zones and lines", rules: "Rules",
    about: "Notes", add: "Add", remove: "Remove", start: "starts (s)", end: "ends (s)", here: "Take the second shown",
    go: "Show", place: "where", none: "none", line: "line", zone: "zone", direction: "direction", left: "left", right: "right",
    label: "label", count: "number", tolerance: "tolerance", kind: "kind", name: "name", other: "other settings (JSON)",
    addZone: "Add a zone", addLine: "Add a line", addPoint: "Add a corner", judge: "Run the rules again with these zones and lines",
    judging: "Running …", judged: "Events and counts have been replaced by what the rules say now. Look through them.",
    by: "confirmed by", notes: "notes", play: "Play / pause", back: "One step back", forward: "One step on", time: "Moment",
    picture: "Picture at the second shown", wrong: "Not saved:", away: "The program does not answer. Is it still running?",
    keys: "Keys: ← → one step, Shift + ← → five seconds, space plays. Drag the white dots; Tab and the arrow keys do it too.",
    corner: "corner",
  },
};

let language = localStorage.getItem("language") === "en" ? "en" : "vi";

/** Return a sentence in the language that is chosen. */
export const say = (key) => WORDS[language][key];

/** Return which of a Vietnamese and an English text is wanted. */
export const choose = ([vietnamese, english]) => (language === "vi" ? vietnamese : english);

export const spoken = () => language;

export function switchLanguage() {
  language = language === "vi" ? "en" : "vi";
  localStorage.setItem("language", language);
}
