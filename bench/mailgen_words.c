/* SPDX-License-Identifier: MIT */
/*
 * The words, names and domains of generated mail, and their conversion into the charsets in
 * which people write them. Frequent words come first, because they are chosen more often. The
 * conversion runs once, when a generator is made.
 */
#include "bench/mailgen_private.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

const char *const mg_charset_names[MG_CHARSETS] = {
    [MG_ASCII] = "us-ascii",      [MG_UTF8] = "utf-8",
    [MG_LATIN1] = "iso-8859-1",   [MG_LATIN9] = "iso-8859-15",
    [MG_CP1252] = "windows-1252", [MG_CP1251] = "windows-1251",
    [MG_KOI8R] = "koi8-r",        [MG_ISO2022JP] = "iso-2022-jp",
    [MG_SJIS] = "shift_jis",      [MG_GB18030] = "gb18030",
    [MG_BIG5] = "big5",           [MG_EUCKR] = "euc-kr",
};

/* One string for each language, with words separated by one space. */
static const char *const vocabulary[MG_LANGS] = {
    [MG_ENGLISH] =
        ("the of and to a in that is it for on with as was be by this have from at or not you "
         "are "
         "we will can all your has if would there their which more one about but they our out "
         "up "
         "so when what time no just like new some could them than other into do only its may "
         "over "
         "please thanks know think see get work any message list mail server file please send "
         "meeting week report today tomorrow question answer problem version system data first "
         "people change order number group call project plan team office price open read write "
         "attached regards because without between before after still should where these those "
         "through again another during already review update release build patch test branch "
         "customer invoice payment account address contact delivery schedule agenda minutes "
         "proposal budget contract document draft section figure table result compare measure "
         "network library kernel driver package install configure compile error warning memory "
         "thread socket buffer string value return function interface default option running "
         "morning afternoon evening monday tuesday wednesday thursday friday weekend holiday "
         "travel hotel flight garden kitchen window coffee music picture letter newspaper "
         "winter "
         "summer river mountain bridge station harbour market bakery bicycle weather"),
    [MG_GERMAN] =
        ("der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als "
         "auch "
         "es "
         "an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über "
         "einen so "
         "zum war haben nur oder aber vor zur bis mehr durch man sein wurde Grüße Besprechung "
         "können müssen möchte würde hätte später früher Änderung Übersicht Prüfung Lösung "
         "Köln "
         "München Straße größer schön natürlich ungefähr Rückmeldung Angebot Rechnung "
         "Lieferung "
         "Termin Woche morgen heute gestern bitte danke Frage Antwort Entwurf Vertrag Anhang "
         "Zeichnung Ergänzung Verfügung Gebühr jährlich Öffnung Ärger ähnlich äußerst Brücke "
         "Bücher Gemüse Frühstück Fenster Garten Küche Bahnhof Fahrrad Wetter Zeitung Musik"),
    [MG_FRENCH] =
        ("de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se "
         "ce "
         "il "
         "sont avec ou son lui nous comme mais être tout fait même elle deux où très après "
         "déjà "
         "réunion équipe problème réponse pièce jointe façon garçon élève élément société "
         "année "
         "début général première dernière bientôt peut-être voilà prêt forêt hôtel château île "
         "français préparer envoyé reçu modifié créé été à bonjour merci cordialement semaine "
         "demain facture livraison contrat projet dossier rendez-vous fenêtre théâtre musée "
         "gâteau"),
    [MG_RUSSIAN] =
        ("и в не на я что он с как это по но из у за от так же вы для к до мы все о если при "
         "был "
         "или уже быть только его ещё когда есть может этот нет время год день письмо ответ "
         "вопрос "
         "работа сегодня завтра вчера встреча отчёт проект договор счёт оплата доставка список "
         "сервер файл версия система данные ошибка группа человек город дом улица окно книга "
         "погода зима лето утро вечер спасибо пожалуйста уважением приложение изменение "
         "проверка"),
    [MG_JAPANESE] =
        ("の に は を た が で て と し れ さ ある いる も する から な こと として "
         "お世話になって "
         "よろしくお願いします ありがとうございます 会議 資料 確認 送付 添付 東京 大阪 本日 "
         "明日 "
         "来週 予定 日程 変更 お知らせ メール 連絡 返信 質問 回答 担当 株式会社 営業 部長 課長 "
         "見積 請求書 契約 納品 問題 解決 サーバ システム ファイル テスト 開発 設計 版 新しい "
         "天気 "
         "電車 駅 花 山 川 海 朝 夜 写真 音楽 料理 学校 先生 友達 家族 、 。"),
    [MG_CHINESE_CN] =
        ("的 一 是 在 不 了 有 和 人 这 中 大 为 上 个 国 我 以 要 他 时 来 用 们 "
         "生 到 作 地 于 出 "
         "会议 通知 附件 报告 项目 合同 发票 付款 客户 服务器 系统 文件 邮件 您好 "
         "谢谢 请查收 回复 "
         "问题 解决 今天 明天 下周 时间 安排 修改 确认 公司 经理 北京 上海 开发 "
         "测试 版本 数据 天气 "
         "学校 老师 朋友 音乐 照片 ， 。"),
    [MG_CHINESE_TW] =
        ("的 一 是 在 不 了 有 和 人 這 中 大 為 上 個 國 我 以 要 他 時 來 用 們 "
         "生 到 作 地 出 會議 "
         "通知 附件 報告 專案 合約 發票 付款 客戶 伺服器 系統 檔案 郵件 您好 謝謝 "
         "請查收 回覆 問題 "
         "解決 今天 明天 下週 時間 安排 修改 確認 公司 經理 台北 高雄 開發 測試 "
         "版本 資料 天氣 學校 "
         "老師 朋友 音樂 照片 ， 。"),
    [MG_KOREAN] = ("이 그 저 것 수 등 및 를 을 에 는 은 가 의 와 과 로 하다 있다 없다 되다 "
                   "안녕하세요 감사합니다 "
                   "회의 자료 확인 첨부 파일 보고서 계약 견적 일정 변경 오늘 내일 다음주 시간 "
                   "문의 답변 담당 "
                   "부장님 서울 부산 회사 고객 서버 시스템 개발 시험 버전 문제 해결 날씨 학교 "
                   "선생님 친구 가족 "
                   "음악 사진 부탁드립니다"),
};

static const char *const given_names[MG_LANGS] = {
    [MG_ENGLISH] =
        ("Alice Robert Carol Daniel Emily Frank Grace Henry Irene James Karen Louis Mary "
         "Nathan Olivia Peter Rachel Samuel Teresa Victor"),
    [MG_GERMAN] = "Jürgen Käthe Günther Sabine Björn Anja Jörg Ute Matthias Birgit Sören Heike",
    [MG_FRENCH] = "François Hélène Jérôme Chloé André Zoé Benoît Amélie Gaëlle Rémi",
    [MG_RUSSIAN] = "Иван Мария Сергей Ольга Дмитрий Наталья Алексей Елена Юрий Анна",
    [MG_JAPANESE] = "太郎 花子 健一 由美 大輔 恵子 翔太 美咲",
    [MG_CHINESE_CN] = "伟 芳 娜 敏 静 强 磊 洋 丽 军",
    [MG_CHINESE_TW] = "志明 淑芬 俊傑 雅婷 建宏 怡君",
    [MG_KOREAN] = "민준 서연 지훈 수빈 현우 지은",
};

static const char *const family_names[MG_LANGS] = {
    [MG_ENGLISH] =
        ("Smith Baker Cooper Dixon Ellis Foster Graham Harper Irving Jordan Keller Lawson "
         "Mason Norton Osborne Palmer Quinn Reeves Sutton Turner"),
    [MG_GERMAN] = "Müller Schröder Köhler Weiß Böhm Krüger Schäfer Vogel Lindner Graf",
    [MG_FRENCH] = "Lefèvre Bénard Gérard Moreau Deschênes Rénier Blanchet Côté",
    [MG_RUSSIAN] = "Иванов Петров Кузнецов Смирнов Попов Соколов Орлов",
    [MG_JAPANESE] = "佐藤 鈴木 高橋 田中 渡辺 伊藤 山本 中村",
    [MG_CHINESE_CN] = "王 李 张 刘 陈 杨 赵 黄",
    [MG_CHINESE_TW] = "陳 林 黃 張 李 王 吳",
    [MG_KOREAN] = "김 이 박 최 정 강",
};

const char *const mg_domains[] = {
    "example.com",      "example.org",         "example.net",          "mail.example.com",
    "corp.example.com", "uni.example.edu",     "lists.example.org",    "shop.example.net",
    "news.example.com", "webmail.example.net", "research.example.org", "example.co.uk",
};
const size_t mg_domain_count = ARRAY_LEN(mg_domains);

const char *const mg_list_names[MG_LISTS] = {
    "kernel-dev", "users",   "announce",   "security", "gardeners", "choir",
    "imap-talk",  "cycling", "webmasters", "jazz",     "bakers",    "sysadmin",
};

/* Which language is written in which charset. */
static const struct {
    enum mg_lang lang;
    enum mg_charset charset;
} pairs[] = {
    {MG_ENGLISH, MG_ASCII},   {MG_ENGLISH, MG_UTF8},       {MG_ENGLISH, MG_LATIN1},
    {MG_ENGLISH, MG_CP1252},  {MG_GERMAN, MG_UTF8},        {MG_GERMAN, MG_LATIN1},
    {MG_GERMAN, MG_LATIN9},   {MG_GERMAN, MG_CP1252},      {MG_FRENCH, MG_UTF8},
    {MG_FRENCH, MG_LATIN1},   {MG_FRENCH, MG_LATIN9},      {MG_FRENCH, MG_CP1252},
    {MG_RUSSIAN, MG_UTF8},    {MG_RUSSIAN, MG_CP1251},     {MG_RUSSIAN, MG_KOI8R},
    {MG_JAPANESE, MG_UTF8},   {MG_JAPANESE, MG_ISO2022JP}, {MG_JAPANESE, MG_SJIS},
    {MG_CHINESE_CN, MG_UTF8}, {MG_CHINESE_CN, MG_GB18030}, {MG_CHINESE_TW, MG_UTF8},
    {MG_CHINESE_TW, MG_BIG5}, {MG_KOREAN, MG_UTF8},        {MG_KOREAN, MG_EUCKR},
};

static enum rc
convert_words(struct mg_words *words, enum mg_lang lang, enum mg_charset charset,
              struct err *err)
{
    const char *const text = vocabulary[lang];
    const size_t room = 4 * strlen(text) + 64;
    const iconv_t cd = iconv_open(mg_charset_names[charset], "utf-8");

    if (cd == (iconv_t)-1)
        return err_set(err, RC_UNSUPPORTED, errno, "iconv to %s", mg_charset_names[charset]);
    words->text = malloc(room);
    if (words->text == NULL) {
        iconv_close(cd);
        return err_set(err, RC_LIMIT, ENOMEM, "words");
    }
    char *out = words->text;
    size_t out_left = room;
    for (const char *at = text; *at != '\0' && words->count < MG_WORDS_MAX;) {
        const size_t len = strcspn(at, " ");
        char *const start = out;
        char *in = NULL;
        size_t in_left = len;
        /* iconv's source is not const; it does not write there. */
        memcpy(&in, &at, sizeof in);
        if (iconv(cd, &in, &in_left, &out, &out_left) != (size_t)-1 &&
            iconv(cd, NULL, NULL, &out, &out_left) != (size_t)-1 && out > start)
            words->word[words->count++] = span_of(start, (size_t)(out - start));
        else
            iconv(cd, NULL, NULL, NULL, NULL);
        at += len;
        at += strspn(at, " ");
    }
    iconv_close(cd);
    words->spaced = lang != MG_JAPANESE && lang != MG_CHINESE_CN && lang != MG_CHINESE_TW;
    if (words->count == 0)
        return err_set(err, RC_UNSUPPORTED, 0, "iconv to %s", mg_charset_names[charset]);
    return RC_OK;
}

enum rc
mg_words_init(struct mailgen *gen, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        const enum rc rc = convert_words(&gen->words[pairs[i].lang][pairs[i].charset],
                                         pairs[i].lang, pairs[i].charset, err);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

void
mg_words_done(struct mailgen *gen)
{
    for (size_t lang = 0; lang < MG_LANGS; lang++)
        for (size_t charset = 0; charset < MG_CHARSETS; charset++)
            free(gen->words[lang][charset].text);
}

/* Chooses the word of a space-separated list by a random number. */
static struct span
word_at(const char *list, uint64_t random)
{
    size_t count = 1;

    for (const char *at = list; *at != '\0'; at++)
        count += *at == ' ';
    for (size_t skip = random % count; skip > 0; skip--)
        list += strcspn(list, " ") + 1;
    return span_of(list, strcspn(list, " "));
}

struct span
mg_given_name(enum mg_lang lang, uint64_t random)
{
    return word_at(given_names[lang], random);
}

struct span
mg_family_name(enum mg_lang lang, uint64_t random)
{
    return word_at(family_names[lang], random);
}
