"""The texts that both tokenizers of a pair encode: where tokenizers are known to part, each by a short text of ours.

Names and texts are stable: a certificate names the probes that came out differently.
"""

# ruff: noqa: RUF001 - letters that look like others are what scripts are made of
from __future__ import annotations

_PROSE = (
    ("prose, English", "The drafter proposes, the target disposes; and it doesn't matter who's faster at noon."),
    ("prose, English capitals", "DON'T PANIC: It's THE Target's Turn, and We'll Wait, they'd said."),
    ("prose, German", "Größere Wörterbücher füllen Zeilen, doch süße Äpfel genießt man überall."),
    ("prose, French", "L'été où naquit l'œuvre, le garçon naïf répondit : « Déjà ? Ça alors ! »"),
    ("prose, Spanish", "¿Dónde está el niño? ¡Mañana habrá más pingüinos en el jardín!"),
    ("prose, Polish", "Zażółć gęślą jaźń, po czym źrebię wróciło na łąkę."),
    ("prose, Turkish", "İstanbul'da ılık bir ikindi; ağaçların gölgesinde çay içtik."),
    ("prose, Vietnamese", "Sáng nay trời mát, nhiều việc đã hợp ý, nên chúng tôi uống cà phê."),
    ("prose, Russian", "Маленькая модель угадывает, большая проверяет; съешь ещё булок."),
    ("prose, Ukrainian", "Їжак з'їв яблуко під ґанком і ліг спати."),
    ("prose, Greek", "Η μικρή μηχανή γράφει γρήγορα· η μεγάλη ελέγχει τα πάντα."),
    ("prose, Arabic", "يقترح النموذج الصغير، ثم يتحقّق النموذج الكبير من كلّ كلمة."),
    ("prose, Persian", "کتاب‌های تازه روی میز است و او می‌خواند؛ باران می‌بارد."),
    ("prose, Hebrew", "הַמּוֹדֶל הקטן מציע, והגדול בודק כל מילה ומילה."),
    ("prose, Hindi", "छोटा मॉडल अनुमान लगाता है और बड़ा मॉडल जाँच करता है।"),
    ("prose, Bengali", "ছোট নদীটি ধীরে বয়ে যায়, আকাশে মেঘ জমেছে।"),
    ("prose, Tamil", "சிறிய மாதிரி எழுதும்; பெரிய மாதிரி சரிபார்க்கும்."),
    ("prose, Thai", "แบบจำลองเล็กเสนอคำ แบบจำลองใหญ่ตรวจทุกคำก่อนเสมอ"),
    ("prose, Khmer", "ថ្ងៃនេះមេឃស្រឡះ ខ្ញុំដើរលេងតាមទន្លេ។"),
    ("prose, Burmese", "ဒီနေ့ မိုးရွာတယ်၊ အိမ်မှာ စာဖတ်နေတယ်။"),
    ("prose, Georgian", "პატარა მოდელი წერს, დიდი მოდელი ამოწმებს."),
    ("prose, Armenian", "Փոքր մոդելը գրում է, մեծը՝ ստուգում։"),
    ("prose, Amharic", "ትንሹ ሞዴል ይጽፋል፣ ትልቁ ያረጋግጣል።"),
    ("prose, Chinese", "小模型先写草稿，大模型再逐字核对；错了就从那里重来。"),
    ("prose, Chinese traditional", "小模型先寫草稿，大模型再逐字核對；錯了就從那裡重來。"),
    ("prose, Japanese", "小さなモデルが下書きし、大きなモデルが確かめます。カタカナも混ざる。"),
    ("prose, Korean", "작은 모델이 먼저 쓰고, 큰 모델이 한 단어씩 확인합니다."),
)

_CODE = (
    ("code, Python", "def accept(p, q, x):\n    if q[x] == 0.0:\n        return None\n    return p[x] / q[x] > 1e-3\n"),
    ("code, Python tabs", "class Tree:\n\tdef __init__(self, *kids):\n\t\tself.kids = [k for k in kids if k]\n"),
    ("code, C", "static inline int *next(int *p) { return p && *p != -1 ? p + 1 : NULL; } /* end */\n"),
    ("code, C++", "auto it = std::find_if(v.begin(), v.end(), [&](auto&& x) { return x->id() == 0x7fULL; });\n"),
    ("code, Rust", "impl<'a, T: Clone> Iterator for Pairs<'a, T> { type Item = (&'a T, usize); }\n"),
    ("code, JavaScript", "const ids = (await fetch(`/api/${name}?n=1`)).json()?.ids ?? [];\n"),
    ("code, HTML", "<a href=\"#top\" class='x y'>Up &amp; away</a><br/>\n<!-- done -->\n"),
    ("code, JSON", '{"ids": [1, 2, 30], "name": "caf\\u00e9", "ok": true, "none": null}'),
    ("code, shell", 'for f in *.json; do jq -r ".a[$i]" "$f" | sed -e \'s/^ *//\' >> out.txt 2>&1; done\n'),
    ("code, SQL", "SELECT a.id, COUNT(*) AS n FROM a LEFT JOIN b ON a.id = b.a_id WHERE b.x <> 'y' GROUP BY 1;"),
    ("code, TeX", "\\begin{align} \\alpha_i &= \\frac{1}{n}\\sum_{j \\neq i} x_j^{2} \\\\ \\end{align}"),
    ("code, regular expression", r"^(?:\s*[A-Za-z_]\w{0,31}\s*=\s*)?(?<n>\d+)(?!\.)$"),
)

_NUMBERS = (
    ("digits, 1 to 10 of them", "7 42 365 2024 86400 123456 1234567 12345678 123456789 1234567890"),
    ("digits, one long run", "31415926535897932384626433832795028841971"),
    ("digits, separated", "1,234,567.89 1.234.567,89 1_000_000 +49 30 901820 12:34:56 2024-02-29"),
    ("digits, with letters", "x1 y22 v3.14.15 0xDEADBEEF 1e-05 3rd 4K 2x2 A4 H2O"),
    ("digits, other scripts", "٠١٢٣٤٥ ۱۲۳۴ १२३४५ ๑๒๓ 一二三 １２３４ Ⅻ ½ ² ③"),
)

_SPACE = (
    ("spaces, runs inside", "a b  c   d    e     f        g                h"),
    ("spaces, in front", "    four before"),
    ("spaces, behind", "four after    "),
    ("spaces, alone", "                                "),
    ("spaces, before a line's end", "end   \nnext  \n\n  third"),
    ("tabs", "\tone\t\ttwo\t\t\tthree \t mixed\t"),
    ("line ends, LF", "one\ntwo\n\nthree\n\n\nfour\n\n\n\n"),
    ("line ends, CR LF", "one\r\ntwo\r\n\r\nthree\r\n\t\r\n"),
    ("line ends, CR", "one\rtwo\r\rthree"),
    ("indentation", "if a:\n  if b:\n      if c:\n          pass\n                    # deep\n"),
    ("spaces, other kinds", "no\u00a0break\u2003em\u2009thin\u3000wide\u200bnone\u202fnarrow\u2028line\u0085next"),
    ("control characters", "bell\x07 escape\x1b[0m backspace\x08 null\x00 delete\x7f form\x0c feed\x0b"),
)

_SIGNS = (
    ("emoji", "🙂👍🚀 ok 🎉🎉🎉"),
    ("emoji, joined", "👩‍🔬 👨‍👩‍👧‍👦 🏳️‍🌈 🧑🏽‍🚀 ❤️‍🔥"),
    ("emoji, flags and keys", "🇩🇪🇯🇵🇧🇷 1️⃣2️⃣#️⃣ ☎️ ☎"),
    ("combining marks", "e\u0301 a\u030a o\u0308\u0304 n\u0303 Z\u0351\u036b\u0343 \u0301"),
    ("composed and not", "\u00e9 e\u0301 \u212b \u00c5 A\u030a \ufb01 fi \u1100\u1161 \uac00"),
    ("full width and compatible", "ＡＢＣ ａｂｃ ｶﾀｶﾅ ㈱ ℃ ㎏ ﷺ ™"),
    ("direction marks", "\u200fשלום\u200e abc \u202bdef\u202c \u2067ghi\u2069"),
    ("mathematics", "∀ε>0 ∃δ: |x−a|<δ ⇒ ‖f(x)−L‖≤ε · 𝒩(0,σ²) ∑∫√ 𝔸𝕓"),
    ("punctuation, runs", "Wait... what?!?! --- === *** ((([[[{{{ }}}]]]))) //// ____ ~~~~ ````"),
    ("quotation marks", "\"straight\" 'single' “curly” ‘curly’ „tief“ «guillemets» 「鉤」 `back` ''two''"),
    ("rare characters", "𐍈𐌰 𓂀 ꙮ ᚠᚢᚦ ⠃⠗ 𠜎𠮷 \ue000 \U000f0000"),
    ("replacement character", "a\ufffdb \ufffd\ufffd"),
    ("byte order mark", "\ufeffstart mid\ufeffdle"),
)

_SPECIAL = (
    ("special-token text, ChatML", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"),
    ("special-token text, Llama", "<s>[INST] <<SYS>>be brief<</SYS>> Hi [/INST] Hello </s>"),
    ("special-token text, Llama 3", "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"),
    ("special-token text, Gemma", "<bos><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n"),
    ("special-token text, DeepSeek", "<｜begin▁of▁sentence｜><｜User｜>Hi<｜Assistant｜><think>\n</think>"),
    ("special-token text, GPT-2", "one<|endoftext|>two <|endoftext|> three <|endoftext|>"),
    ("special-token text, Phi", "<|system|>\nx<|end|>\n<|user|> y <|end|>\n<|assistant|>"),
    ("special-token text, code", "<fim_prefix>a<fim_suffix>b<fim_middle> <|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>"),
    ("special-token text, tools", "<tool_call>\n{}\n</tool_call><tool_response></tool_response> <think> x </think>"),
    ("special-token text, old", "[CLS] [SEP] [MASK] [PAD] [UNK] <pad> <unk> <mask> <extra_id_0>"),
    ("special-token text, damaged", "<|im_start <|im_end|x> < |endoftext| > <|ENDOFTEXT|> </ s>"),
    ("marks of the formats", "▁under▁score Ġtop Ċline ĉtab <0x0A> <0x41> ##ing @@ </w> Ã©"),
)

_LONG = (
    ("long word, repeated letter", "a" * 300),
    ("long word, no spaces", "internationalisierungsgrundlagenforschungsprojektleiterinnenversammlung" * 6),
    ("long word, Chinese", "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会" * 6),
    ("long word, Thai", "ภาษาไทยเขียนติดกันโดยไม่เว้นวรรคระหว่างคำ" * 6),
    ("long word, base64", "QmFzZTY0IHRleHQgaGFzIG5vIHdvcmRzLCBvbmx5IGxldHRlcnMsIGRpZ2l0cyBhbmQgc2lnbnM/+8=" * 3),
    ("long word, hexadecimal", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" * 3),
    ("long run, signs", "=" * 200 + "\n" + "-" * 200 + "\n" + "." * 100 + "\n" + "*" * 100),
    ("long run, blanks", " " * 200 + "x" + "\t" * 50 + "y" + "\n" * 40 + "z"),
)

_MIXED = (
    ("web address", "https://example.org:8080/a/b_c-d/%7Euser/?q=x+y&lang=de#part-2"),
    ("mail address and path", "first.last+tag@mail.example.org C:\\Users\\Ada\\file (1).txt /usr/local/lib64/x.so.6"),
    ("camel and snake", "getHTTPResponseCode parse_json_v2 XMLHttpRequest iPhone15Pro kebab-case-name SCREAMING_CASE"),
    ("scripts without spaces between", "abc漢字かなабвالعربية123한국어ไทยxyz"),
    ("Markdown", "# Title\n\n1. *one* **two** `three`\n2. [link](x.md)\n\n| a | b |\n|---|---|\n> quote\n"),
    ("dialogue", "User: what's 12*12?\nAssistant: It's 144.\nUser: thx :-) <3\n"),
    ("table", "name\tprice\tqty\r\nÄpfel\t1,50 €\t12\r\n梨\t¥300\t7\r\n"),
    ("one letter", "a"),
    ("space and letter", " a"),
    ("contractions", "I'm you're he's we've they'll she'd I'M YOU'RE ’s ’ll"),
)

PROBES: tuple[tuple[str, str], ...] = (
    *_PROSE,
    *_CODE,
    *_NUMBERS,
    *_SPACE,
    *_SIGNS,
    *_SPECIAL,
    *_LONG,
    *_MIXED,
)
"""Name and text of each probe."""
